"""The list of what every type does. A line's `needs` are the interactions, and the parameters, that it is about."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from app.fhir.registry import ResourceType
from tests.conformance import reads, searches, writes
from tests.conformance.bench import Subject


@dataclass(frozen=True, slots=True)
class Behaviour:
    run: Callable[[Subject], Awaitable[None]]
    needs: tuple[str, ...] = ()
    parameter: str = ""
    # of what tells about somebody: everybody sees the others
    hidden: bool = False

    @property
    def name(self) -> str:
        return self.run.__name__

    def is_of(self, served: ResourceType) -> bool:
        return (
            set(self.needs) <= set(served.interactions)
            and (not self.parameter or self.parameter in served.parameters)
            and not (self.hidden and served.public)
        )


BEHAVIOURS = (
    Behaviour(reads.reading_gives_what_was_sent),
    Behaviour(reads.what_is_not_there_is_404),
    Behaviour(reads.an_id_that_cannot_be_is_refused),
    Behaviour(reads.a_reader_without_the_scope_is_told),
    Behaviour(reads.head_is_get_without_the_body),
    Behaviour(reads.who_has_the_version_is_not_sent_it_again, ("vread",)),
    Behaviour(reads.a_version_can_be_read, ("vread",)),
    Behaviour(reads.the_history_tells_every_version_newest_first, ("history-instance",)),
    Behaviour(reads.the_history_of_the_type_has_it, ("history-type",)),
    Behaviour(reads.an_outsider_is_told_nothing, ("create",)),
    Behaviour(reads.xml_says_the_same_as_json),
    Behaviour(reads.a_part_of_it_can_be_asked_for),
    Behaviour(reads.its_meta_can_be_asked_for, ("vread",)),
    Behaviour(reads.an_address_that_takes_something_else_says_so),
    Behaviour(writes.creating_answers_with_what_is_stored, ("create",)),
    Behaviour(writes.another_type_is_refused, ("create",)),
    Behaviour(writes.an_unknown_element_is_refused, ("create",)),
    Behaviour(writes.a_writer_without_the_scope_is_told, ("create",)),
    Behaviour(writes.the_answer_is_as_long_as_preferred, ("create",)),
    Behaviour(writes.a_bundle_creates_it_too, ("create",)),
    Behaviour(writes.validating_tells_what_a_create_would_and_stores_nothing, ("create",)),
    Behaviour(writes.an_update_makes_a_new_version, ("update",)),
    Behaviour(writes.an_update_of_what_has_changed_meanwhile_is_refused, ("update",)),
    Behaviour(writes.an_update_keeps_its_id, ("update",)),
    Behaviour(writes.ids_are_the_servers, ("update",)),
    Behaviour(writes.an_outsider_changes_nothing, ("update",)),
    Behaviour(writes.a_patch_changes_what_it_names, ("patch",)),
    Behaviour(writes.what_is_deleted_is_gone_but_for_its_history, ("delete",)),
    Behaviour(writes.creating_on_a_condition_creates_once, ("create",), "identifier"),
    Behaviour(writes.a_condition_is_an_identifier_and_nothing_else, ("create",)),
    Behaviour(writes.updating_on_a_condition_creates_or_changes, ("update",), "identifier"),
    Behaviour(writes.patching_on_a_condition_needs_one_match, ("patch",), "identifier"),
    Behaviour(writes.deleting_on_a_condition_deletes_one, ("delete",), "identifier"),
    Behaviour(searches.it_is_found_by_its_id),
    Behaviour(searches.it_is_found_by_every_parameter),
    Behaviour(searches.what_lacks_a_value_is_found_as_missing, ("create",)),
    Behaviour(searches.alternatives_and_further_conditions_are_understood, ("create",)),
    Behaviour(searches.what_it_refers_to_comes_along, ("create",)),
    Behaviour(searches.what_refers_to_it_comes_along, ("create",)),
    Behaviour(searches.an_include_that_is_not_declared_is_told),
    Behaviour(searches.pages_hold_everything_once, ("create",)),
    Behaviour(searches.the_order_can_be_chosen, ("create",)),
    Behaviour(searches.the_number_can_be_asked_for),
    Behaviour(searches.changes_can_be_followed),
    Behaviour(searches.a_part_of_each_can_be_asked_for),
    Behaviour(searches.what_nobody_knows_is_told_or_refused),
    Behaviour(searches.an_outsider_finds_nothing, hidden=True),
    Behaviour(searches.a_search_without_the_scope_is_refused),
)
