"""What a TA is told of a submission beside its checks and flags, in Korean: the batch's notes, what
is alike, and decisions that must be looked at again. What stands in a gap may be one of them.
"""

NOTES: dict[str, str] = {
    # whose it is, and which attempt counts
    "{files} came beside it and is not graded with it.": "함께 제출된 {files:은} 채점에 쓰지 않았습니다.",
    "The attempts carry different student ids.": "제출할 때마다 학번이 다릅니다.",
    "Canvas's name for the file can mean user {users}; Canvas's gradebook tells, if it is given by --roster.": "Canvas가 붙인 파일 이름만으로는 사용자가 {users} 가운데 누구인지 알 수 없습니다. Canvas 성적표를 --roster로 주면 알 수 있습니다.",
    "The file's name carries several student ids: {ids}.": "파일 이름에 학번이 여럿 있습니다: {ids}.",
    "It carries {id}, but by Canvas's gradebook that is user {user}; user {sender}, who handed it in, is not there.": "파일에는 {id:으로} 되어 있으나, Canvas 성적표에서 그 학번은 사용자 {user}입니다. 제출한 사용자 {sender:은} 성적표에 없습니다.",
    "Canvas calls who handed it in {name}, which is {id}'s name on the roster.": "Canvas에 나온 제출자 이름은 {name}이고, 명단에서 이 이름은 {id}입니다.",
    "Another submission carries {id}, too: {others}.": "학번이 {id}인 제출물이 하나 더 있습니다: {others}.",
    "Other submissions carry {id}, too: {others}.": "학번이 {id}인 제출물이 더 있습니다: {others}.",
    "Nothing in it names a student: whose it is must be found out.": "누구의 것인지 적힌 곳이 없습니다. 누구의 것인지 알아내야 합니다.",
    "Nothing in it names a student on the roster.": "명단에 있는 학생의 학번이 적힌 곳이 없습니다.",
    "Not on the roster.": "명단에 없습니다.",
    # when and how it was handed in
    "The roster's deadline of {id} is before the class's.": "명단에 적힌 {id}의 마감이 전체 마감보다 이릅니다.",
    "Late by {hours} hours, if the file's time is that of handing in: nothing is deducted until the roster's column 'submitted' tells.": "파일의 시각이 제출 시각이라면 {hours}시간 늦었습니다. 명단의 'submitted' 열로 확인될 때까지 감점하지 않습니다.",
    "Late by an unknown time: nothing is deducted until the roster's column 'submitted' tells.": "얼마나 늦었는지 알 수 없습니다. 명단의 'submitted' 열로 확인될 때까지 감점하지 않습니다.",
    # what could not be read
    "{name} cannot be read: {reason}.": "{name:을} 읽을 수 없습니다: {reason}.",
    "{place} changed while the batch ran.": "채점하는 동안 {place:이} 바뀌었습니다.",
    # decisions that must be looked at again
    "corrected to {points} points, but worth {most} by now.": "{points}점을 주었으나 이제 {most}점짜리입니다.",
    "tile {number} was overruled {when}; by itself this one has {points} for the item. Decide again (ddpm-grader review GRADES), or withdraw it ({command}).": "{when} 숫자 {number}번의 판정을 바꾸었습니다. 지금 파일의 이 항목 점수는 자동 채점으로 {points}점입니다. 다시 결정하거나 철회하십시오({command}).",
    "looked at {when}; by itself this one has {points} for the item. Decide again (ddpm-grader review GRADES), or withdraw it ({command}).": "{when} 확인했습니다. 지금 파일의 이 항목 점수는 자동 채점으로 {points}점입니다. 다시 결정하거나 철회하십시오({command}).",
    "corrected to {given} points {when}; by itself this one has {points} for the item. Decide again (ddpm-grader review GRADES), or withdraw it ({command}).": "{when} {given}점을 주었습니다. 지금 파일의 이 항목 점수는 자동 채점으로 {points}점입니다. 다시 결정하거나 철회하십시오({command}).",
    "{check} looked at {when}; by itself this one has {points} for the item. Decide again (ddpm-grader review GRADES), or withdraw it ({command}).": "{when} {check:을} 확인했습니다. 지금 파일의 이 항목 점수는 자동 채점으로 {points}점입니다. 다시 결정하거나 철회하십시오({command}).",
    "{check} corrected to {given} points {when}; by itself this one has {points} for the item. Decide again (ddpm-grader review GRADES), or withdraw it ({command}).": "{when} {check}에 {given}점을 주었습니다. 지금 파일의 이 항목 점수는 자동 채점으로 {points}점입니다. 다시 결정하거나 철회하십시오({command}).",
    "when another file of this student's counted": "이 학생의 다른 파일이 기준일 때",
    "before anything was handed in": "아무것도 제출되지 않았을 때",
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
