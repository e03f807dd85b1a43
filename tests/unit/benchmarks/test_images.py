"""What `make bench-images` makes of its figures."""

from pathlib import Path

from benchmarks.images.report import Figures, Page, Row, compute_gb_s, p95


def test_the_page_names_the_compute_behind_1000_videos(tmp_path: Path) -> None:
    ways = {
        "legacy": Figures(60_000, 80_000, 600, 1, 1, 500),
        "url": Figures(12_000, 8_000, 600, 1, 3, 200),
        "ours": Figures(1000, 700, 9, 0.015, 104, 120),
    }
    row = Row("mp4", ways)
    found = Page([row], [row], {"mp4": [100, 200, 300]}, rounds=3).write(tmp_path)
    page = (tmp_path / "images.md").read_text()
    assert page.endswith(found)
    assert "| mp4 | 60,000 | 12,000 | 1,000 | **60x** | 12x |" in found
    assert "| mp4 | 200 | 300 | 300 |" in found
    assert "| mp4 | 1,728 |" in found


def test_compute_is_time_by_memory() -> None:
    assert round(compute_gb_s(1024 / 1769 * 1000)) == 1000


def test_of_20_times_the_95th_percentile_is_the_second_largest() -> None:
    assert p95([float(ms) for ms in range(20)]) == 18
