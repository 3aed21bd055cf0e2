"""Reading many rows of PostgreSQL at once, as the CSV that COPY sends."""

from io import BytesIO

from django.db import OperationalError, connection
from psycopg.pq import ExecStatus
from psycopg.sql import SQL, Composable


def copied(query: Composable) -> bytes:
    """Return the rows of `query` as CSV. A cursor does the same, but takes ten times as long over it."""
    connection.ensure_connection()
    link, text = connection.connection.pgconn, BytesIO()
    copy = SQL("COPY ({}) TO STDOUT (FORMAT csv)").format(query)
    answer = link.exec_(copy.as_bytes(connection.connection))
    if answer.status != ExecStatus.COPY_OUT:
        raise OperationalError(answer.get_error_message())
    while (row := link.get_copy_data(0))[0] > 0:
        text.write(row[1])
    while answer := link.get_result():
        if answer.status != ExecStatus.COMMAND_OK:
            raise OperationalError(answer.get_error_message())
    if connection.queries_logged:  # no cursor has counted it
        connection.queries_log.append({"sql": copy.as_string(connection.connection), "time": ""})
    return text.getvalue()
