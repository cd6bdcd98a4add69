"""profile: the profiles that a resource declares, those that its own code demands, and what no referral can mean.

Everything that is wrong with a write, by R4 and by profiles, is told in one answer. What was wrong before a write that
only moves a referral on (its status, the reason, the output) does not stop it: a stricter profile that came meanwhile
is told as a warning.
*Source*: SDOH Clinical Care 3.0.0; security sheet B50, B70, B74; R4 search.html#summary (a part of a resource must not
overwrite the whole).
"""

from app.domain.referral import plausible, task
from app.fhir.errors import BusinessRule, Issue, Refusal, TooCostly, Unfit, Value
from app.fhir.json import JsonObject
from app.fhir.profiles import mandatory
from app.fhir.subset import SUBSETTED
from app.services.knowledge import Known
from app.services.steps.moved import passed_over
from app.services.writing import Entry, Write


async def profile(write: Write) -> None:
    """400 for what is no R4, 422 for what its profiles refuse and for what cannot be meant; 400 for a Task of more
    parts than anybody could read."""
    for entry in write.entries:
        _refuse_endless(entry)
    known = Known(
        write.network.conformance.value_sets,
        write.network.base,
        {entry.key: entry.tree for entry in write.entries},
    )
    judged = zip(write.entries, await _all_judged(write, known), strict=True)
    problems = [issue for entry, issues in judged for issue in _problems(write, entry, issues, known)]
    broken = [entry.placed(issue) for entry in write.entries for issue in entry.problems]
    if broken:
        raise Refusal.of_issues([*broken, *problems])
    for entry in write.entries:
        if entry.type == "Task" and task.is_about_another(entry.tree):
            raise Value("task-for", "a Task of the guide is for a Patient", entry.place("Task.for"))
    if problems:
        raise Unfit.of_issues(problems)
    for entry in write.entries:
        _refuse_a_part(entry)
    _refuse_the_impossible(write)


async def _all_judged(write: Write, known: Known) -> list[list[Issue]]:
    """Each entry's issues. What they refer to is fetched for all of them at once, each time one step further."""
    judged = [_judged(write, entry, entry.tree, known) for entry in write.entries]
    while await known.learn(write.unit):
        judged = [_judged(write, entry, entry.tree, known) for entry in write.entries]
    return judged


def _problems(write: Write, entry: Entry, issues: list[Issue], known: Known) -> list[Issue]:
    """The errors by profiles; what else is said of it, is noted."""
    if entry.mode == "copy":
        entry.flaws += tuple(issue for issue in issues if issue.severity == "error")
        return []
    if _any_error(issues) and entry.mode == "author" and entry.is_new:
        _claim_less(write, entry, known)
        issues = _judged(write, entry, entry.tree, known)
    if _any_error(issues):
        issues = _forgiven(write, entry, issues, known)
    entry.notes += tuple(issue for issue in issues if issue.severity != "error")
    return [entry.placed(issue) for issue in issues if issue.severity == "error"]


def _judged(write: Write, entry: Entry, tree: JsonObject, known: Known) -> list[Issue]:
    ours = entry.mode == "author"
    return write.network.conformance.check(entry.type, tree, known, entry.profiles, ours=ours, follows=entry.follows)


def _any_error(issues: list[Issue]) -> bool:
    return any(issue.severity == "error" for issue in issues)


def _claim_less(write: Write, entry: Entry, known: Known) -> None:
    """What we write of what others have said, declares no profile that it does not fit: a referral with a service in
    words only is passed on as well."""
    profiles = write.network.conformance.profiles
    meta = entry.tree.get("meta", {})
    fitting = [
        canonical
        for canonical in meta.get("profile", ())
        if not _any_error(profiles.check(entry.type, entry.tree, profiles.meant([canonical]), known))
    ]
    rest = {name: value for name, value in meta.items() if name != "profile"}
    entry.tree = {**entry.tree, "meta": {**rest, **({"profile": fitting} if fitting else {})}}
    if not entry.tree["meta"]:
        del entry.tree["meta"]


def _forgiven(write: Write, entry: Entry, issues: list[Issue], known: Known) -> list[Issue]:
    """Of a write that moves a referral on, only what it brings is refused. A new claim is held whole."""
    before = entry.before_tree
    meant = write.network.conformance.profiles.meant
    if before is None or set(meant(mandatory.declared(entry.tree))) - set(meant(mandatory.declared(before))):
        return issues
    return passed_over(before, entry.tree, issues, lambda tree: _judged(write, entry, tree, known))


def _refuse_endless(entry: Entry) -> None:
    at = plausible.too_many(entry.type, entry.tree)
    if at:
        most = plausible.MAX_INPUTS
        raise TooCostly("task-parts", f"a Task has at most {most} inputs and {most} outputs", entry.place(at))


def _refuse_the_impossible(write: Write) -> None:
    now = write.network.clock.now()
    problems = [
        entry.placed(issue)
        for entry in write.entries
        if entry.mode != "copy"
        for issue in plausible.problems(entry.type, entry.before_tree or {}, entry.tree, now)
    ]
    if problems:
        raise BusinessRule.of_issues(problems)


def _refuse_a_part(entry: Entry) -> None:
    """What was read with _summary or _elements and is sent back would take the rest away."""
    by_client = entry.mode == "client" and entry.act == "update"
    if by_client and _is_part(entry.tree) and not _is_part(entry.before_tree or {}):
        raise BusinessRule("subsetted", _SUBSETTED, entry.place(f"{entry.type}.meta.tag"))


_SUBSETTED = "this is a part of a resource (SUBSETTED): read all of it and send that, or send a patch"


def _is_part(tree: JsonObject) -> bool:
    system, code = SUBSETTED["system"], SUBSETTED["code"]
    meta = tree.get("meta")
    tags = meta.get("tag", ()) if isinstance(meta, dict) else ()
    return any((tag.get("system"), tag.get("code")) == (system, code) for tag in tags)
