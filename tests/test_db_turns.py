"""Writers of one process take turns, however a transaction ends."""

import threading

import pytest
from sqlalchemy import text

from portal.db import begin_write, make_engine, make_session_factory

WRITERS, ROUNDS = 12, 8


@pytest.mark.parametrize("kept_connections", [0, 4])
def test_every_writer_gets_its_turn_after_commits_rollbacks_and_bare_closes(
    tmp_path, kept_connections
):
    engine = make_engine(f"sqlite:///{tmp_path}/turns.db", kept_connections=kept_connections)
    factory = make_session_factory(engine)
    with factory() as session:
        begin_write(session)
        session.execute(text("CREATE TABLE line (number INTEGER)"))
        session.commit()
    failures = []

    def write(number):
        try:
            for turn in range(ROUNDS):
                with factory() as session:
                    begin_write(session)
                    session.execute(text("INSERT INTO line VALUES (:n)"), {"n": number})
                    if turn % 2:
                        session.commit()
                    elif number % 2:
                        session.rollback()
        except Exception as error:  # noqa: BLE001 - told by the main thread
            failures.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not failures
    assert not any(thread.is_alive() for thread in threads)
    with factory() as session:
        assert session.scalar(text("SELECT count(*) FROM line")) == WRITERS * ROUNDS // 2
    engine.dispose()
