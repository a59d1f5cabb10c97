"""The control of `make mutants`: a change that changes nothing has to go unnoticed.

Where it is noticed, tests fail for another reason than a change, and every change would look
noticed. mutmut tries it as it tries the others: in a fork of the same process, on all tests that
reach one of the chosen changes.
"""

import json
from collections.abc import Iterable
from pathlib import Path

# No code has a function of this name, so that every function runs as it was written.
FUNCTION = "x_petrec_control"


def add_control(mutants: Path, names: Iterable[str]) -> str:
    """Have mutmut know the control for these changes, in its directory; return the control's name.

    mutmut keeps the changes of a file beside the file, and which tests reach a function in its
    statistics.
    """
    functions = sorted({name.partition("__mutmut_")[0] for name in names})
    module = functions[0].rpartition(".")[0]
    function = f"{module}.{FUNCTION}"
    control = f"{function}__mutmut_0"
    stats = mutants / "mutmut-stats.json"
    known = json.loads(stats.read_text(encoding="utf-8"))
    reaching = known["tests_by_mangled_function_name"]
    reaching[function] = sorted({test for each in functions for test in reaching.get(each, ())})
    stats.write_text(json.dumps(known), encoding="utf-8")
    meta = mutants / f"{module.replace('.', '/')}.py.meta"
    changes = json.loads(meta.read_text(encoding="utf-8"))
    changes["exit_code_by_key"][control] = None
    meta.write_text(json.dumps(changes), encoding="utf-8")
    return control
