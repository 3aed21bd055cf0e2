"""The pages of imports: uploading, what came of it, and who may."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from handoff.intake import views
from handoff.intake.importing import run_waiting
from handoff.intake.models import Import, ImportRemark
from handoff.leads.models import Lead
from handoff.people.models import User
from tests.making import MONDAY_9AM, make_manager, make_marketer, make_rep, make_team, make_user

pytestmark = pytest.mark.django_db
ADDRESS = "/imports/"


@pytest.fixture(autouse=True)
def _uploads(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path
    make_team()


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def upload(client: Client, content: str = "Email,Title\nann@acme.example,CTO\n", name: str = "leads.csv") -> Any:
    return client.post(ADDRESS, {"file": SimpleUploadedFile(name, content.encode()), "mapping": "generic"})


def test_an_uploaded_file_is_put_in_line_and_imported_by_the_tick() -> None:
    max_ = make_marketer()
    client = signed_in(max_)
    assert "Nothing imported yet" in client.get(ADDRESS).content.decode()
    answer = upload(client)
    run = Import.objects.get()
    assert answer.headers["Location"] == reverse("import", args=[run.pk])
    assert (run.by, run.file_name, run.state) == (max_, "leads.csv", "waiting")
    assert "The worker is at it" in client.get(answer.headers["Location"]).content.decode()
    run_waiting(at=timezone.now())
    assert Lead.objects.get().title == "CTO"
    assert "The worker is at it" not in client.get(answer.headers["Location"]).content.decode()
    assert "leads.csv" in client.get(ADDRESS).content.decode()


def test_each_refused_row_is_shown_with_its_line_and_value() -> None:
    client = signed_in(make_user("ada", "admin"))
    upload(client, "Email,Title\nno address,CTO\n")
    run_waiting(at=timezone.now())
    page = client.get(reverse("import", args=[Import.objects.get().pk])).content.decode()
    assert "no address" in page
    assert "the row was refused" in page


def test_many_remarks_are_shown_page_by_page() -> None:
    run = Import.objects.create(file_name="a.csv", path="a.csv", mapping="generic", created_at=MONDAY_9AM)
    ImportRemark.objects.bulk_create(ImportRemark(run=run, line=line, reason="x") for line in range(1, 121))
    client = signed_in(make_marketer())
    pages = [
        client.get(reverse("import", args=[run.pk]), {"page": page}).content.decode().count('<th scope="row">')
        for page in (1, 2)
    ]
    assert pages == [100, 20]


def test_a_name_is_no_way_out_of_the_folder(settings: Any) -> None:
    upload(signed_in(make_marketer()), name="../../etc/pass wd.csv")
    path = Path(Import.objects.get().path)
    assert path.parent == Path(settings.MEDIA_ROOT)
    assert path.exists()


@pytest.mark.parametrize(
    "form",
    [
        pytest.param({"mapping": "generic"}, id="no file"),
        pytest.param({"mapping": "nowhere", "file": SimpleUploadedFile("a.csv", b"Email\n")}, id="no such format"),
        pytest.param({"mapping": "generic", "file": SimpleUploadedFile("a.csv", b"")}, id="an empty file"),
    ],
)
def test_what_can_not_be_imported_is_refused_in_the_form(form: dict[str, Any]) -> None:
    answer = signed_in(make_marketer()).post(ADDRESS, form)
    assert answer.status_code == 422
    assert "errorlist" in answer.content.decode()
    assert not Import.objects.exists()


def test_a_file_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "LARGEST", 10)
    answer = upload(signed_in(make_marketer()))
    assert answer.status_code == 422
    assert "split it" in answer.content.decode()


@pytest.mark.parametrize("make", [make_rep, make_manager])
def test_other_roles_are_not_let_in(make: Callable[[], User]) -> None:
    client = signed_in(make())
    run = Import.objects.create(file_name="a.csv", path="a.csv", mapping="generic", created_at=MONDAY_9AM)
    assert client.get(ADDRESS).status_code == 403
    assert upload(client).status_code == 403
    assert client.get(reverse("import", args=[run.pk])).status_code == 403
    assert Import.objects.count() == 1


def test_an_import_that_is_not_there_is_not_found() -> None:
    assert signed_in(make_marketer()).get(reverse("import", args=[99])).status_code == 404
