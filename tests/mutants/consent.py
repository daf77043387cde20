"""Mutations of the user's consent, of the permissions that it gives, and of the limits on a session that has them."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

WHO, DOCTOR = "tests/cli/test_who.py", "tests/setup/test_doctor.py"

CONSENT, PERMISSIONS = "tests/runtime/test_consent.py", "tests/runtime/test_permissions.py"
CONFINED = "tests/cli/test_confinement.py"

ALLOWED = (
    Mutant(
        "no answer is a yes", "runtime/consent.py", "recorded_answer",
        "read_config(environ, config.where_agents_work()).get(KEY)",
        "read_config(environ, config.where_agents_work()).get(KEY, True)", CONSENT,
    ),
    Mutant(
        "any value is an answer", "runtime/consent.py", "recorded_answer",
        "answer is not None and not isinstance(answer, bool)", "False", CONSENT,
    ),
    Mutant(
        "a configuration that agents can change counts", "runtime/user_config.py", "read_private",
        "(reason := _why_not(path, environ, shared))", "(reason := '')", CONSENT,
    ),
    Mutant(
        "a configuration that others can write counts", "runtime/user_config.py", "_why_not",
        "os.name != 'nt' and stat.S_IMODE(found.st_mode) & 0o022", "False", CONSENT,
    ),
    Mutant(
        "another user's configuration counts", "runtime/user_config.py", "_why_not",
        "os.name != 'nt' and found.st_uid not in (0, os.geteuid())", "False", CONSENT,
    ),
    Mutant(
        "a link hides whose configuration it is", "runtime/user_config.py", "_place", "os.path.realpath(path)", "path", CONSENT,
    ),
    Mutant(
        "any line that looks like the answer is changed", "runtime/user_config.py", "with_answer",
        "parse(after) == {**before, name: answer}", "True", CONSENT,
    ),
    Mutant(
        "any answer is a yes", "runtime/question.py", "ask", "answer.lower() in ('y', 'yes')", "True", "tests/runtime/test_trust.py",
    ),
    Mutant(
        "coop up asks again", "cli/commands/coop_up.py", "_settle_consent", "recorded_answer(environ) is not None", "False",
        CONSENT,
    ),
    Mutant(
        "coop up asks where no answer counts", "cli/commands/coop_up.py", "_settle_consent",
        "why_not_kept(environ, config.where_agents_work())", "False", CONSENT,
    ),
    Mutant("coop up asks with --no-ask", "cli/commands/coop_up.py", "run", "args.no_ask", "False", CONSENT),
    Mutant("permissions need no consent", "runtime/launch.py", "_permissions", "not options.allowed", "False", PERMISSIONS),
    Mutant("permissions need no trust", "runtime/launch.py", "_permissions", "options.untrusted", "''", PERMISSIONS, times=2),
    Mutant("the home directory is a project to be kept to", "runtime/launch.py", "_permissions", "not project", "False", PERMISSIONS),
    Mutant(
        "a version that asks too little gets permissions", "runtime/launch.py", "_too_old",
        "oldest and numbers(oldest) <= numbers(version)", "True", PERMISSIONS,
    ),
    Mutant(
        "an agent has the permissions of the one around it", "runtime/launch.py", "_session_around",
        "{script.HOOKED, ALLOWED_IN, ALLOWED_ROOT}", "{script.HOOKED}", PERMISSIONS,
    ),
    Mutant(
        "any program named amq is allowed", "runtime/launch.py", "_spelled", "['amq'] if finds_amq else []", "['amq']", PERMISSIONS,
    ),
    Mutant("any path is a permission", "runtime/launch.py", "_spelled", "is_typeable(path)", "True", PERMISSIONS),
    Mutant(
        "the user's own permissions are dropped", "runtime/agents/claude/permissions.py", "permission_arguments",
        "[*allowed, *rules]", "rules", PERMISSIONS,
    ),
    Mutant(
        "permissions need hooks", "runtime/launch.py", "prepare",
        "write_private(f'{launch.files}/{script.SETTINGS_NAME}', launch.settings)",
        "launch.has_hooks and write_private(f'{launch.files}/{script.SETTINGS_NAME}', launch.settings)", PERMISSIONS,
    ),
    Mutant("hooks that were never called give mail", "runtime/mail_way.py", "_hooks", "event in ('', 'end')", "event == 'end'", WHO),
    Mutant("hooks of a session that ended give mail", "runtime/mail_way.py", "_hooks", "event in ('', 'end')", "event == ''", WHO),
    Mutant("hooks whose texts are lost give mail", "runtime/mail_way.py", "_hooks",
           "read_state(directory).lapses < MOST_LAPSES", "True", WHO),
    Mutant("hooks of a first prompt that is never typed give mail", "runtime/mail_way.py", "mail_way",
           "hooks == NOT_CALLED and session.hooks == _FROM_FIRST_PROMPT and session.types",
           "hooks == NOT_CALLED and session.hooks == _FROM_FIRST_PROMPT", WHO),
    Mutant("the host does not say that it types", "runtime/host.py", "_note_session", "options.wake and rules.known and (not rules.off)",
           "False",
           "tests/runtime/test_mail_way.py"),
    Mutant("doctor is silent on hooks that were declined", "setup/checks_delivery.py", "delivery", "not planned.has_hooks", "False",
           DOCTOR),
    Mutant("doctor speaks of hooks twice", "setup/checks_delivery.py", "delivery", "_is_decided(machine)", "True", DOCTOR),
    Mutant("doctor is silent on what is lacking", "setup/checks_delivery.py", "delivery", "planned.lacks", "()", DOCTOR),
    Mutant(
        "a session outlives its host", "runtime/session_info.py", "read_session",
        "notifier is not None and wire['pid'] == notifier.pid", "True", PERMISSIONS,
    ),
    Mutant(
        "a session with permissions has no limits", "cli/main.py", "_dispatch", "command in config.MAIL_COMMANDS", "False", CONFINED,
    ),
    Mutant(
        "a session with permissions uses any queue", "cli/confinement.py", "check",
        "os.path.realpath(found.value) == os.path.realpath(own)", "True", CONFINED,
    ),
    Mutant("a session that lost its queue's name uses any", "cli/confinement.py", "check",
        "own and os.path.realpath(found.value) == os.path.realpath(own)",
        "os.path.realpath(found.value) == os.path.realpath(own or found.value)", CONFINED,
    ),
    Mutant(
        "a session with permissions poses as any agent", "cli/confinement.py", "check",
        "args.me is not None and args.me != environ.get('AM_ME')", "False", CONFINED,
    ),
    Mutant(
        "a session with permissions trusts any queue", "cli/confinement.py", "check", "args.trust_root", "False", CONFINED,
    ),
    Mutant(
        "a session with permissions reads any file", "cli/message_body.py", "_open", "path and (project := config.allowed_in())", "False", CONFINED,
    ),
    Mutant(
        "a file above the project is in it", "cli/confinement.py", "open_inside", "names[0] == os.pardir", "False", CONFINED,
    ),
    Mutant(
        "a link out of the project is in it", "cli/confinement.py", "open_inside", "os.path.realpath(path)",
        "os.path.abspath(path)", CONFINED,
    ),
    Mutant(
        "what becomes a link is followed out of the project", "cli/confinement.py", "", "getattr(os, 'O_NOFOLLOW', 0)", "0",
        CONFINED, times=2,
    ),
    Mutant(
        "a device in the project is read", "cli/confinement.py", "open_inside",
        "not stat.S_ISREG(os.fstat(fd).st_mode)", "False", CONFINED,
    ),
)  # fmt: skip
