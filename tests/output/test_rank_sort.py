"""The distribution sort gives every row back once, by rank."""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pipeline.output.order import BUCKETS_AT_MOST, RankSort


@given(st.permutations(range(1, 24)), st.integers(1, 30), st.integers(1, 9))
def test_sorted_by_rank(tmp_path_factory, ranks, bucket_rows, cut):
    sort = RankSort(tmp_path_factory.mktemp("s") / "q", len(ranks), bucket_rows=bucket_rows)
    for start in range(0, len(ranks), cut):
        part = ranks[start : start + cut]
        sort.add(pa.RecordBatch.from_pydict({"rank": part, "text": [f"票{n}" for n in part]}))
    batches = list(sort.sorted())
    assert all(batch.num_rows <= bucket_rows for batch in batches)
    rows = [row for batch in batches for row in batch.to_pylist()]
    assert rows == [{"rank": n, "text": f"票{n}"} for n in sorted(ranks)]


def test_number_of_open_files_is_bounded(tmp_path):
    rows = 3 * BUCKETS_AT_MOST
    sort = RankSort(tmp_path / "q", rows, bucket_rows=1)
    sort.add(pa.RecordBatch.from_pydict({"rank": list(range(rows, 0, -1))}))
    assert len(list((tmp_path / "q").iterdir())) == BUCKETS_AT_MOST
    assert [n for b in sort.sorted() for n in b.column(0).to_pylist()] == list(range(1, rows + 1))


def test_nothing_in_nothing_out(tmp_path):
    sort = RankSort(tmp_path / "q", 0)
    sort.add(pa.RecordBatch.from_pydict({"rank": pa.array([], pa.int64())}))
    assert list(sort.sorted()) == []
