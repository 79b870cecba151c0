"""What a TA is told of likeness and of pictures, in Korean. What stands in a gap may be one of them
itself.
"""

NOTES: dict[str, str] = {
    # what is alike
    "The hundred samples are equal, pixel for pixel.": "샘플 100개가 픽셀 하나까지 같습니다.",
    "Large tensors of the checkpoints that are equal, bit for bit: {n}.": "체크포인트의 큰 텐서 가운데 비트까지 같은 것: {n}개.",
    "Pictures of the settings that are equal, pixel for pixel: {n}.": "네 설정의 그림 가운데 픽셀까지 같은 것: {n}개.",
    "Own pictures in notebook 2-2 that are equal, pixel for pixel: {n}.": "노트북 2-2의 그림 가운데 픽셀까지 같은 것: {n}개.",
    "The code is alike to {n} %, names and comments set aside.": "이름과 주석을 빼면 코드가 {n} % 비슷합니다.",
    "The code is alike to {n} %, names and comments set aside; equal lines that nobody else wrote: {lines}.": "이름과 주석을 빼면 코드가 {n} % 비슷합니다. 다른 학생에게 없는 같은 줄: {lines}줄.",
    "The code is alike to {n} %, names and comments set aside; equal lines that nobody else wrote but {others}: {lines}.": "이름과 주석을 빼면 코드가 {n} % 비슷합니다. {others} 말고는 다른 학생에게 없는 같은 줄: {lines}줄.",
    # pictures of notebook 2-2
    "cell {number}": "{number}번 셀",
    "guidance {guidance}, steps {steps}, seed {seed}": "가이던스 {guidance}, 스텝 {steps}, 시드 {seed}",
    "black: {where}": "검은 그림: {where}",
    "of one colour: {where}": "한 가지 색뿐인 그림: {where}",
    "small: {where}": "작은 그림: {where}",
    "small in a figure: {where}": "그래프 안의 작은 그림: {where}",
    "the example's: {where}": "예시의 그림: {where}",
    "noise: {where}": "노이즈: {where}",
    "a gradient: {where}": "그러데이션: {where}",
    "handwritten digits: {where}": "손글씨 숫자: {where}",
}
