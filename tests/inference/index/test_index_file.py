"""The index's file: what is written is read back, and nothing else is taken for an index."""

from __future__ import annotations

import struct
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.inference.index.file import MAGIC, Entry, IndexFile, IndexFileError, write_index

_HASHES = st.sets(st.integers(0, 2**64 - 1), max_size=30)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("indexes")


class TestIndexFile:
    @given(_HASHES, _HASHES, st.lists(st.builds(Entry, st.text(), st.integers(0, 99), st.integers(0, 99)), max_size=3))
    def test_is_read_as_written(self, folder: Path, kept: set[int], others: set[int], catalogue: list[Entry]) -> None:
        path = folder / "a.idx"
        write_index(path, 5, 4, [*kept, *kept], catalogue)
        index = IndexFile(path)
        assert (index.gram, index.window, len(index), index.catalogue()) == (5, 4, len(kept), catalogue)
        assert {hash_ for hash_ in kept | others if hash_ in index} == kept
        assert "text" not in index

    @settings(max_examples=60)
    @given(st.data())
    def test_is_refused_when_damaged(self, folder: Path, data: st.DataObject) -> None:
        path = folder / "b.idx"
        write_index(path, 5, 4, range(9), [Entry("a", 9, 9)])
        good = path.read_bytes()
        at = data.draw(st.integers(0, len(good) - 1))
        flipped = good[:at] + bytes([good[at] ^ data.draw(st.integers(1, 255))]) + good[at + 1 :]
        path.write_bytes(data.draw(st.sampled_from((flipped, good[:at], good + b"x"))))
        with pytest.raises(IndexFileError, match=r"b\.idx: "):
            IndexFile(path)

    def test_of_another_kind_or_version_is_refused(self, folder: Path) -> None:
        path = folder / "c.idx"
        path.write_text("some text")
        with pytest.raises(IndexFileError, match="not an index"):
            IndexFile(path)
        path.write_bytes(struct.pack("<8sHHHHQQ32s", MAGIC, 2, 5, 4, 0, 0, 0, b""))
        with pytest.raises(IndexFileError, match="format 2"):
            IndexFile(path)
        with pytest.raises(IndexFileError, match="No such file"):
            IndexFile(folder / "none.idx")

    def test_stays_open_as_it_was_while_a_new_one_is_written(self, folder: Path) -> None:
        path = folder / "d.idx"
        write_index(path, 5, 4, [1], [])
        before = IndexFile(path)
        write_index(path, 5, 4, [2], [])
        assert 1 in before
        assert 1 not in IndexFile(path)
        assert [each.name for each in folder.iterdir() if each.name.startswith(".")] == []

    @pytest.mark.parametrize(("gram", "window"), [(1, 1), (33, 4), (5, 5), (5, 0)])
    def test_has_grams_longer_than_windows(self, folder: Path, gram: int, window: int) -> None:
        with pytest.raises(ValueError, match="expected"):
            write_index(folder / "e.idx", gram, window, [], [])
        assert not (folder / "e.idx").exists()

    def test_is_not_copied_into_the_process(self, folder: Path) -> None:
        path, count = folder / "f.idx", 1_000_000
        write_index(path, 5, 4, range(count), [])
        tracemalloc.start()
        try:
            index = IndexFile(path)
            assert count - 1 in index
            assert count not in index
            assert tracemalloc.get_traced_memory()[1] < path.stat().st_size / 2
        finally:
            tracemalloc.stop()
