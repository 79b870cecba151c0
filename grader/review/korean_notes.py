"""What a TA is told of pictures of notebook 2-2, in Korean. What stands in a gap may be one of them
itself.
"""

NOTES: dict[str, str] = {
    "cell {number}": "{number}번 셀",
    "guidance {guidance}, steps {steps}, seed {seed}": "가이던스 {guidance}, 단계 수 {steps}, 시드 {seed}",
    "black: {where}": "검은 그림: {where}",
    "of one colour: {where}": "한 가지 색뿐인 그림: {where}",
    "small: {where}": "작은 그림: {where}",
    "small in a figure: {where}": "figure 안의 작은 그림: {where}",
    "the example's: {where}": "예제의 그림: {where}",
    "noise: {where}": "노이즈: {where}",
    "a gradient: {where}": "그러데이션: {where}",
    "handwritten digits: {where}": "손글씨 숫자: {where}",
}
