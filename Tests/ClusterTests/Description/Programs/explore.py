"""Sends requests made up from the served OpenAPI document, with every check on the answers: explore.py URL COUNT SEED"""

import os
import sys
import tempfile

# Imported from where the program was started: schemathesis writes its notes there.
os.chdir(tempfile.mkdtemp())

from schemathesis.cli import schemathesis  # noqa: E402

CONFIGURATION = """
# What no schema can tell (that a market exists and is not taken, that a mode has such a parameter) is told by 404, 409, 422.
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "401", "403", "404", "409", "422"]

# A cursor is valid if it came from the page before; the two forms of the events take different parameters; a number may have more
# digits than can be kept exactly: 400. A strategy has
# another version than the one that a change was made for: 412.
[[operations]]
include-path-regex = "/(status|audit|history|orders|fills|events|ownership|start|replay|live-strategy/.id.)$"
[operations.checks.positive_data_acceptance]
expected-statuses = ["2xx", "400", "401", "403", "404", "409", "412", "422"]
"""


def run(url: str, token: str, arguments: list[str]) -> int:
    with open("schemathesis.toml", "w", encoding="utf-8") as file:
        file.write(CONFIGURATION)
    arguments = [
        "--no-color", "--config-file", "schemathesis.toml", "run", f"{url}/openapi.json", "--checks", "all",
        "--continue-on-failure", "--generation-deterministic",
        "--request-timeout", "30", "-H", f"Authorization: Bearer {token}", "-H", "Accept: application/json",
    ] + arguments  # fmt: skip
    try:
        return schemathesis(arguments, standalone_mode=False) or 0
    except SystemExit as exit:
        return int(exit.code or 0)


url, count, seed = sys.argv[1:]
# An administrator may do everything; but the replicas are needed.
status = run(url, os.environ["OPERATOR_TOKEN"], ["--exclude-path-regex", "drain", "-n", count, "--seed", seed])
# A guest may look only.
status |= run(
    url,
    os.environ["GUEST_TOKEN"],
    ["--include-method", "POST", "--include-method", "DELETE", "-n", "2", "--seed", seed, "--phases", "examples,coverage"],
)
sys.exit(status)
