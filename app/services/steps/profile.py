"""profile: what the resources of a referral must hold beyond R4 (all declared profiles come with validation).

*Source*: security sheet B50, B70, B74; R4 search.html#summary (a part of a resource must not overwrite the whole).
"""

from app.domain.referral import plausible, task
from app.fhir.errors import BusinessRule, TooCostly, Value
from app.fhir.json import JsonObject
from app.fhir.subset import SUBSETTED
from app.services.writing import Entry, Write


async def profile(write: Write) -> None:
    """A Task that asks for a referral is complete enough to be one, and says nothing that it cannot mean; 422
    otherwise. 400 for a Task of more parts than anybody could read."""
    for entry in write.entries:
        at = plausible.too_many(entry.type, entry.tree)
        if at:
            most = plausible.MAX_INPUTS
            raise TooCostly("task-parts", f"a Task has at most {most} inputs and {most} outputs", entry.place(at))
        _refuse_a_part(entry)
        if entry.type == "Task" and task.is_about_another(entry.tree):
            raise Value("task-for", "a Task of the guide is for a Patient", entry.place("Task.for"))
    problems = [
        entry.placed(issue)
        for entry in write.entries
        if entry.type == "Task" and task.is_referral(entry.tree)
        for issue in task.problems(entry.tree)
    ]
    now = write.network.clock.now()
    for entry in write.entries:
        if entry.mode != "copy":
            found = plausible.problems(entry.type, entry.before_tree or {}, entry.tree, now)
            problems += [entry.placed(issue) for issue in found]
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
    return any((tag.get("system"), tag.get("code")) == (system, code) for tag in tree.get("meta", {}).get("tag", ()))
