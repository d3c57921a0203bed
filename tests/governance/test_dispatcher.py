"""What is due happens by itself, once, and costs next to nothing when nothing is due."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audits.runs import Job, due_batches
from audits.runs.services import claim, complete_batch, hand_back, mark_published, runs_of
from audits.trail import Checkpoint, Entry, now
from governance.models import Account, GateDecisionRecord, Promotion
from governance.services.accounts import get_account
from governance.supervisor.dispatcher import Dispatcher
from tests import make

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def promotion() -> Promotion:
    """A promotion that waits for its checks."""
    make.policy()
    pipeline: Account = make.contributor()
    return make.promotion(pipeline, make.version(pipeline, make.model(pipeline)))


def work_off(promotion: Promotion) -> None:
    """Record the results as a worker would that is killed before it can tell anybody."""
    job = Job.objects.get()
    token = claim(batch=job.batch, at=now())
    assert token
    outcomes = [make.outcome(run) for run in runs_of(job.batch)]
    complete_batch(actor=make.WORKER, batch=job.batch, token=token, outcomes=outcomes, guards=[])


def answers_to(promotion: Promotion) -> list[str]:
    """Return the codes of the requirements' reasons in every decision, oldest first."""
    return [
        ",".join(reason["code"] for reason in decision.reasons if reason["requirement"] == "accuracy")
        for decision in GateDecisionRecord.objects.filter(promotion=promotion).order_by("number")
    ]


def test_results_that_nobody_told_the_gate_of_are_heard(promotion: Promotion) -> None:
    dispatcher = Dispatcher()
    dispatcher.round()
    work_off(promotion)
    assert answers_to(promotion) == ["running"]
    dispatcher.round()
    assert answers_to(promotion) == ["running", "passed"]


def test_a_new_dispatcher_hears_what_happened_while_none_ran(promotion: Promotion) -> None:
    work_off(promotion)
    Dispatcher().round()
    assert answers_to(promotion) == ["running", "passed"]


def test_results_count_for_every_promotion_with_the_same_inputs_whoever_ordered_them(promotion: Promotion) -> None:
    pipeline = get_account("training-pipeline")
    twin = make.promotion(pipeline, make.version(pipeline, make.model(pipeline, name="twin")))
    dispatcher = Dispatcher()
    dispatcher.round()
    for job in Job.objects.order_by("id"):
        token = claim(batch=job.batch, at=now())
        assert token
        outcomes = [make.outcome(run) for run in runs_of(job.batch)]
        complete_batch(actor=make.WORKER, batch=job.batch, token=token, outcomes=outcomes, guards=[])
    dispatcher.round()
    assert answers_to(promotion)[-1] == answers_to(twin)[-1] == "passed"


def test_a_round_without_news_only_reads_and_reads_little(promotion: Promotion) -> None:
    dispatcher = Dispatcher()
    dispatcher.round()
    before = Entry.objects.count(), Checkpoint.objects.count()
    with CaptureQueriesContext(
        connection,
    ) as queries:
        dispatcher.round()
    verbs = {query["sql"].split()[0] for query in queries}
    assert verbs == {"SELECT"}
    assert len(queries) <= 6, [query["sql"][:90] for query in queries]
    assert (Entry.objects.count(), Checkpoint.objects.count()) == before


def test_what_was_recorded_is_signed(promotion: Promotion) -> None:
    Dispatcher().round()
    newest = Checkpoint.objects.first()
    assert newest is not None
    assert newest.size == Entry.objects.count()


def test_a_duty_that_fails_is_left_for_a_while_and_the_others_go_on(
    promotion: Promotion, caplog: pytest.LogCaptureFixture
) -> None:
    # A file where the queue's folder was: the bell cannot be rung.
    queue: Path = settings.DATA_DIR / "queue"
    aside = queue.rename(queue.with_name("queue-aside"))
    queue.write_text("")
    Job.objects.update(publish_after=now() - timedelta(seconds=1))
    dispatcher = Dispatcher()
    try:
        dispatcher.round()
        dispatcher.round()
    finally:
        queue.unlink()
        aside.rename(queue)
    assert Checkpoint.objects.exists()
    assert due_batches(at=now()) == [Job.objects.get().batch], "it stays due"


def test_the_longer_work_has_waited_the_longer_the_pause_between_two_rings(promotion: Promotion) -> None:
    job, shortest = Job.objects.get(), settings.JOB_REPUBLISH_SECONDS
    for waited, pause in [(0, shortest), (shortest, shortest), (6 * shortest, 3 * shortest), (10**6, 30 * shortest)]:
        at = job.created_at + timedelta(seconds=waited)
        mark_published(batch=job.batch, at=at)
        assert Job.objects.get().publish_after == at + timedelta(seconds=pause)


def test_a_worker_that_falls_silent_is_missed_as_soon_as_its_lease_has_run_out(promotion: Promotion) -> None:
    job = Job.objects.get()
    late = job.created_at + timedelta(days=1)
    mark_published(batch=job.batch, at=late)
    claim(batch=job.batch, at=late)
    # The one who rang notes it a moment later than the worker answers.
    mark_published(batch=job.batch, at=late)
    lease = timedelta(seconds=settings.JOB_LEASE_SECONDS)
    assert due_batches(at=late + lease) == []
    assert due_batches(at=late + lease + timedelta(milliseconds=1)) == [job.batch]


def test_work_handed_back_is_due_at_once_and_only_its_holder_can_hand_it_back(promotion: Promotion) -> None:
    job, at = Job.objects.get(), now()
    token = claim(batch=job.batch, at=at)
    assert token
    assert hand_back(batch=job.batch, token=token, at=at)
    assert due_batches(at=at) == [job.batch]
    assert Job.objects.get().attempts == 0
    newer = claim(batch=job.batch, at=at)
    assert newer
    assert not hand_back(batch=job.batch, token=token, at=at)
    assert Job.objects.get().lease_token == newer
