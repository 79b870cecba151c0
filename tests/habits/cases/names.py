"""Names that students give to the one file that they hand in; none of them costs anything.

What a whole class is called, and Canvas's names, is in tests/batch/test_classes.py.
"""

import unicodedata

from tests.habits.draft import Draft
from tests.habits.table import habit


@habit("the second download's number stands in front of the ending")
def second_download(draft: Draft) -> None:
    draft.name = f"{draft.student} (1).tar.gz"


@habit("the second download's number stands between the two endings")
def number_between_endings(draft: Draft) -> None:
    draft.name = f"{draft.student}.tar (1).gz"


@habit("a second attempt's number stands behind the id")
def second_attempt(draft: Draft) -> None:
    draft.name = f"{draft.student}-1.tar.gz"


@habit("the ending is in capitals")
def capital_ending(draft: Draft) -> None:
    draft.name = f"{draft.student}.TAR.GZ"


@habit("the ending is .tgz")
def short_ending(draft: Draft) -> None:
    draft.name = f"{draft.student}.tgz"


@habit("a Korean name and the assignment stand round the id, with blanks")
def korean_name(draft: Draft) -> None:
    draft.name = f"과제2 {draft.student} 김민수 최종.tar.gz"


@habit("a Korean name as macOS writes it, in parts of letters")
def decomposed_name(draft: Draft) -> None:
    draft.name = unicodedata.normalize("NFD", f"김민수_{draft.student}.tar.gz")


@habit("an emoji, quotes, brackets and a dollar stand in the name")
def odd_characters(draft: Draft) -> None:
    draft.name = f"{draft.student} 'final' [v2] $HOME & 🙂; #1.tar.gz"


@habit("the name begins with a dash")
def leading_dash(draft: Draft) -> None:
    draft.name = f"-{draft.student}.tar.gz"


@habit("the name looks like Canvas's but is the student's own")
def like_canvas(draft: Draft) -> None:
    draft.name = f"{draft.student}_2_1_final.tar.gz"


@habit("the id has no dash", says="no student id")
def id_without_dash(draft: Draft) -> None:
    draft.name = f"{draft.student.replace('-', '')}.tar.gz"


@habit("the id has an underscore in place of its dash", says="no student id")
def id_with_underscore(draft: Draft) -> None:
    draft.name = f"{draft.student.replace('-', '_')}.tar.gz"


@habit("the name carries no id, but the folder inside does")
def id_inside(draft: Draft) -> None:
    draft.name = f"제출 {draft.student[-3:]}.tar.gz"
    draft.files = {f"{draft.student}/{name}": data for name, data in draft.files.items()}


@habit("no name carries an id", says="no student id")
def no_id(draft: Draft) -> None:
    draft.name = "assignment2 final final.tar.gz"


@habit("a file inside carries a friend's id", says="carry another student id: 2019-54321")
def friends_id_inside(draft: Draft) -> None:
    draft.files["2019-54321.txt"] = b"thanks"


@habit("the name carries the ids of two friends")
def two_ids(draft: Draft) -> None:
    draft.name = f"2019-99999 and {draft.student}.tar.gz"
