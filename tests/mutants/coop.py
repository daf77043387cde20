"""Mutations of what `amq coop up` remembers and shows, and of what `why` and `doctor` say to a newcomer."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

COOP, PROJECTS, REMEMBERED = (
    "tests/setup/test_coop.py",
    "tests/setup/test_projects.py",
    "tests/setup/test_last_start.py",
)
SPECS = "tests/setup/test_agent_specs.py"
DIALOGS, DOCTOR, LABELS = (
    "tests/runtime/test_dialog.py",
    "tests/setup/test_doctor.py",
    "tests/runtime/test_tmux_labels.py",
)

COOPERATION = (
    Mutant(
        "another user's tmux server is used", "setup/last_start.py", "_is_own_socket", "found.st_uid == os.geteuid()", "True",
        REMEMBERED,
    ),
    Mutant(
        "anything at a path is a tmux server", "setup/last_start.py", "_is_own_socket", "stat.S_ISSOCK(found.st_mode)", "True",
        REMEMBERED,
    ),
    Mutant(
        "a typing error makes a mailbox", "cli/commands/coop_up.py", "run", "coop.is_installed(spec)", "True", COOP,
    ),
    Mutant(
        "a typing error starts hundreds of agents", "setup/agent_specs.py", "_count", "1 <= int(number) <= MOST_OF_ONE",
        "True", SPECS,
    ),
    Mutant(
        "a number may be any text", "setup/agent_specs.py", "_count", "re.fullmatch('[0-9]{1,3}', number)", "number", SPECS,
    ),
    Mutant(
        "a numbered handle may be too long", "setup/agent_specs.py", "_parse_agent_specs", "check_handle(each, '--agents')",
        "each", SPECS,
    ),
    Mutant(
        "a number behind a program is part of its name", "setup/agent_specs.py", "_parse_agent_specs",
        "_COUNTED_PROGRAM.fullmatch(program.strip())", "None", SPECS,
    ),
    Mutant(
        "an agent may be called auto", "setup/agent_specs.py", "_parse_agent_specs", "handle == AUTO", "False", SPECS,
    ),
    Mutant("a damaged mailbox hides the other agents", "setup/coop.py", "Coop._seen", "OSError", "()", COOP),
    Mutant(
        "the last agent has the focus", "setup/coop.py", "Coop.up", "self.tmux.focus(first)", "None", COOP,
    ),
    Mutant(
        "another queue's agents are started", "setup/projects.py", "read_project",
        "found.get('queue') != os.path.realpath(root)", "False", PROJECTS,
    ),
    Mutant(
        "saved refusals of edits are forgotten", "setup/projects.py", "read_project",
        "Project(agents, resumes, denies)", "Project(agents, resumes)", PROJECTS,
    ),
    Mutant(
        "agents are saved where agents can write", "setup/projects.py", "save_project",
        "why_not_kept_in(path, environ, shared)", "''", PROJECTS,
    ),
    Mutant(
        "a prompt of the user's is taken for an option", "setup/coop.py", "continuing",
        "any((not word.startswith('-') for word in own[:1]))", "False", PROJECTS,
    ),
    Mutant(
        "a line that runs more is named as one call", "runtime/policy/dialog.py", "asked_command",
        "_ONE_CALL.fullmatch(found[1].strip())", "_ONE_CALL.match(found[1].strip())", DIALOGS,
    ),
    Mutant(
        "a tmux that failed is asked again", "runtime/tmux_labels.py", "TmuxLabels.show", "self.works and changed", "changed",
        LABELS,
    ),
    Mutant(
        "an inbox that cannot be read is empty", "runtime/tmux_labels.py", "TmuxLabels._users_unread", "'?'", "'0'", LABELS,
    ),
    Mutant(
        "one cause is found by each check", "setup/doctor.py", "examine", "words in finding.text", "False", DOCTOR,
    ),
    Mutant(
        "a mailbox may be closed to its owner", "setup/checks_queue.py", "_mailbox", "closed and is_writable", "False", DOCTOR,
    ),
)  # fmt: skip
