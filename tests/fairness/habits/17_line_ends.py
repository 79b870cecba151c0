"""Windows line ends, trailing blanks and no final newline; one cell indented with tabs."""


def edit(nb):
    for cell in nb.cells:
        lines = [line + "   " if line.endswith(":") else line for line in cell.source.split("\n")]
        cell.source = "\r\n".join(lines).rstrip()
    cell = next(c for c in nb.cells if "def beta_schedule" in c.source)
    cell.source = "\n".join(
        "\t" * ((len(line) - len(line.lstrip(" "))) // 4) + line.lstrip(" ")
        for line in cell.source.replace("\r", "").split("\n")
    )
