"""Many rows at once: what is there already stays as it is, whatever else comes with it."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from handoff.lib.inserting import AT_ONCE, insert_new, update_each
from handoff.outbox.models import Notice
from tests.making import MONDAY_9AM, make_rep

pytestmark = pytest.mark.django_db
COLUMNS = ("user_id", "cause", "text", "mail_after", "url", "about", "created_at")


def test_new_rows_are_stored_and_known_ones_left_alone() -> None:
    sam = make_rep()

    def insert(*causes: str, text: str) -> None:
        insert_new(Notice, COLUMNS, [(sam.pk, cause, text, None, "", "", MONDAY_9AM) for cause in causes])

    insert("a:1", text='{first}, "it\'s" \\ ü')
    insert("a:1", "a:2", "a:2", text="second")
    insert(text="none")
    told = Notice.objects.order_by("id").values_list("cause", "text", "mail_after", "created_at")
    assert list(told) == [("a:1", '{first}, "it\'s" \\ ü', None, MONDAY_9AM), ("a:2", "second", None, MONDAY_9AM)]


def test_more_than_fit_into_one_statement_come_in_several() -> None:
    sam = make_rep()
    rows = [(sam.pk, f"a:{number}", "", MONDAY_9AM, "", "", MONDAY_9AM) for number in range(AT_ONCE + 1)]
    insert_new(Notice, COLUMNS, rows)
    assert Notice.objects.count() == AT_ONCE + 1


def test_each_row_gets_its_own_values_and_others_stay() -> None:
    sam, sasha, mia = make_rep("sam"), make_rep("sasha"), make_rep("mia")
    sam.last_name, sasha.last_name, sam.first_name = "O'Neil", "Ü", "not written"
    with CaptureQueriesContext(connection) as asked:
        update_each([sam, sasha], ["last_name", "is_active"])
        update_each([], ["last_name"])
    assert len(asked) == 1
    assert [*type(sam).objects.order_by("id").values_list("first_name", "last_name")] == [
        ("Sam", "O'Neil"), ("Sasha", "Ü"), ("Mia", ""),
    ]  # fmt: skip
    assert mia.last_name == ""
