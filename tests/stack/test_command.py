"""The `clipo` command, as people and programs use it."""

import hashlib
import json
import os
import re
import shutil
from pathlib import Path

import pytest

from clipo.local.ports import free_port
from tests.clips import Clips
from tests.command import Command
from tests.pictures import size_of
from tests.running_stack import RunningStack
from tests.servers import a_web_server

HALF_BLOCK = "▀"


@pytest.fixture
def command(stack: RunningStack, tmp_path: Path) -> Command:
    state = {"XDG_STATE_HOME": str(tmp_path / "state"), "HOME": str(tmp_path)}
    folder = tmp_path / "here"
    folder.mkdir()
    return Command({"CLIPO_API": stack.api} | state, folder)


@pytest.fixture
def clip(clips: Clips, command: Command) -> str:
    shutil.copy(clips["tiny.mp4"], command.folder / "tiny.mp4")
    return "tiny.mp4"


class TestUpload:
    def test_a_person_sees_the_bar_the_result_and_the_picture(self, command: Command) -> None:
        with command.typed("upload", "--sample") as screen:
            assert screen.exit_code() == 0
            assert "done  sample.mp4" in screen.text
            assert "5 s, 640x360, h264 and aac" in screen.text
            assert f"{command.environ['CLIPO_API']}/#/videos/" in screen.text
            assert screen.text.count(HALF_BLOCK) > 100
            assert "━" in screen.seen.decode(), "the bar"
            assert "━" not in screen.text, "which goes when it is finished"
            assert screen.screen.cursor.hidden is False

    @pytest.mark.parametrize("terminal", ["xterm-256color", "foot"])
    def test_the_terminal_is_asked_nothing(
        self, command: Command, clip: str, terminal: str
    ) -> None:
        """What it answers late would be typed into the shell."""
        with command.typed("upload", clip, TERM=terminal) as screen:
            assert screen.exit_code() == 0
            assert not re.search(rb"\x1b\[[\d;>=?]*[cntx]|\x1b\[\?\d+\$p", screen.seen)
            assert (b"\x1bP" in screen.seen) is (terminal == "foot"), "sixel"

    @pytest.mark.parametrize("columns", [40, 80, 200])
    def test_nothing_is_too_wide(self, command: Command, clip: str, columns: int) -> None:
        long = "a very long name [red] " * 6 + ".mp4"
        (command.folder / clip).rename(command.folder / long)
        with command.typed("upload", long, columns=columns) as screen:
            assert screen.exit_code() == 0
            assert screen.text.startswith("done  a very long name [red]")
            first, second = screen.text.splitlines()[:2]
            assert second.startswith("  0.4 s, 16x16"), first

    def test_a_pipe_gets_the_data_and_nothing_else(self, command: Command, clip: str) -> None:
        finished = command.run("upload", clip)
        assert finished.returncode == 0
        assert finished.stdout.startswith("done  tiny.mp4\n")
        assert finished.stderr.splitlines()[0].startswith("tiny.mp4: uploading ")
        assert "\x1b" not in finished.stdout + finished.stderr

    def test_quietly_there_is_only_the_id(
        self, stack: RunningStack, command: Command, clip: str
    ) -> None:
        finished = command.run("upload", clip, "--quiet")
        assert finished.stderr == ""
        assert stack.client.get(f"/videos/{finished.stdout.strip()}").json()["status"] == "done"

    def test_programs_get_an_object_a_line(self, command: Command, clip: str) -> None:
        (command.folder / "text.mp4").write_text("no video")
        finished = command.run("upload", clip, "text.mp4", "missing.mp4", "--json")
        assert finished.returncode == 1
        documents = {d["file"]: d for d in map(json.loads, finished.stdout.splitlines())}
        assert documents["tiny.mp4"]["status"] == "done"
        assert documents["text.mp4"]["error"]["code"] == "not_a_video"
        assert documents["missing.mp4"]["error"]["code"] == "local_file"

    def test_a_bad_file_is_named_and_the_others_go_on(self, command: Command, clip: str) -> None:
        (command.folder / "empty.mp4").touch()
        (command.folder / "notes.txt").write_text("notes")
        finished = command.run("upload", "gone.mp4", ".", "empty.mp4", "notes.txt", clip)
        assert finished.returncode == 1
        assert "gone.mp4: There is no such file." in finished.stderr
        assert ".: This is a folder." in finished.stderr
        assert "empty.mp4: The file is empty." in finished.stderr
        assert "(unsupported_extension, request " in finished.stderr
        assert finished.stderr.endswith("1 of 5 videos are done.\n")
        assert finished.stdout.startswith("done  tiny.mp4")

    def test_a_file_over_the_limit_is_refused_before_it_is_sent(self, command: Command) -> None:
        with (command.folder / "huge.mp4").open("wb") as huge:
            huge.truncate(5_000_000_001)
        finished = command.run("upload", "huge.mp4")
        assert finished.returncode == 1
        assert "at most 5,000,000,000 are allowed. Shorten the video, or raise" in finished.stderr

    def test_bars_and_data_do_not_meet_on_one_terminal(self, command: Command, clip: str) -> None:
        shutil.copy(command.folder / clip, command.folder / "other.mp4")
        line = f"clipo upload {clip} other.mp4 | cat"
        with command.typed("-c", line, program="bash") as screen:
            assert screen.exit_code() == 0
            assert screen.text.count("/#/videos/") == 2
            assert "\ndone  other.mp4\n" in screen.text
            assert "━" not in screen.text

    def test_two_files_of_one_name_are_told_apart(self, command: Command, clip: str) -> None:
        for folder in ("one", "two"):
            (command.folder / folder).mkdir()
            shutil.copy(command.folder / clip, command.folder / folder / clip)
        twice = str(command.folder / clip)
        finished = command.run("upload", f"one/{clip}", f"two/{clip}", clip, f"./{clip}", twice)
        assert finished.returncode == 0
        assert "A file that is named twice is uploaded once." in finished.stderr
        done = re.findall(r"^done  (.+)$", finished.stdout, re.MULTILINE)
        assert sorted(done) == ["one/tiny.mp4", "tiny.mp4", "two/tiny.mp4"]
        assert "one/tiny.mp4: uploading " in finished.stderr

    def test_a_sample_has_no_address(self, command: Command) -> None:
        finished = command.run("upload", "--sample", "--json")
        assert json.loads(finished.stdout)["file"] == "sample.mp4"
        finished = command.run("upload", "--sample", CLIPO_API="http://localhost:1")
        assert "\nsample.mp4: Nothing answers at" in finished.stderr

    @pytest.mark.parametrize("name", [b"\xff.mp4", b"two\nlines.mp4"])
    def test_a_name_that_cannot_be_is_told(self, command: Command, name: bytes) -> None:
        (command.folder / os.fsdecode(name)).write_bytes(b"x")
        finished = command.run("upload", os.fsdecode(name))
        assert finished.returncode == 1
        assert finished.stderr.endswith("or is not UTF-8. Rename the file.\n")

    def test_a_video_comes_from_a_pipe(
        self, stack: RunningStack, command: Command, clip: str
    ) -> None:
        sent = "upload - --name piped.mp4 --passthrough order-7 --visibility public --quiet"
        finished = command.shell(f"clipo {sent} <{clip}")
        assert finished.returncode == 0, finished.stderr
        video = stack.client.get(f"/videos/{finished.stdout.strip()}").json()
        assert (video["status"], video["filename"]) == ("done", "piped.mp4")
        assert (video["passthrough"], video["visibility"]) == ("order-7", "public")

    @pytest.mark.parametrize(
        "arguments", [["-"], ["-", "--name", "a/b.mp4"], ["tiny.mp4", "--name", "x.mp4"]]
    )
    def test_the_name_is_for_a_pipe(self, command: Command, arguments: list[str]) -> None:
        finished = command.run("upload", *arguments)
        assert finished.returncode == 2
        assert "--name" in finished.stderr

    def test_a_folder_is_uploaded_with_all_below_it(self, command: Command, clip: str) -> None:
        (command.folder / "trip" / "day 2").mkdir(parents=True)
        shutil.copy(command.folder / clip, command.folder / "trip" / "a.mp4")
        shutil.copy(command.folder / clip, command.folder / "trip" / "day 2" / "b.mp4")
        (command.folder / "trip" / "notes.txt").touch()
        finished = command.run("upload", "trip", "--recursive")
        assert finished.returncode == 0, finished.stderr
        done = re.findall(r"^done  (.+)$", finished.stdout, re.MULTILINE)
        assert sorted(done) == ["a.mp4", "b.mp4"]

    def test_more_files_than_lines_leave_the_current_ones_on_the_screen(
        self, command: Command, clip: str
    ) -> None:
        names = [f"{number:02}.mp4" for number in range(45)]
        for name in names:
            shutil.copy(command.folder / clip, command.folder / name)
        with command.typed("upload", *names, "--no-wait") as screen:
            screen.await_text("44.mp4")
            assert screen.exit_code() == 0
            assert screen.text.endswith("45 of 45 videos are uploaded.")

    def test_without_waiting_it_ends_when_the_file_is_stored(
        self, stack: RunningStack, command: Command, clip: str
    ) -> None:
        finished = command.run("upload", clip, "--no-wait", "-q")
        assert finished.returncode == 0
        assert stack.finished(finished.stdout.strip())["status"] == "done"

    def test_a_video_that_fails_fails_the_command(self, command: Command) -> None:
        (command.folder / "text.mp4").write_text("no video")
        with command.typed("upload", "text.mp4") as screen:
            assert screen.exit_code() == 1
            assert screen.text.startswith("failed  text.mp4\n  The file is not a video")

    def test_a_name_does_nothing_to_the_terminal(self, command: Command, clip: str) -> None:
        name = "\x1b[31mred\x07 [bold]🎬\u202e.mp4"
        (command.folder / clip).rename(command.folder / name)
        with command.typed("upload", name) as screen:
            assert screen.exit_code() == 1, "a control character is refused"
            assert "\\x1b[31mred\\x07 [bold]" in screen.text
            assert b"\x1b[31mred" not in screen.seen
            assert "\\u202e.mp4" in screen.text

    def test_no_color_is_honoured(self, command: Command, clip: str) -> None:
        with command.typed("upload", clip, NO_COLOR="1") as screen:
            assert screen.exit_code() == 0
            assert b"[3" not in screen.seen.replace(b"[3A", b"")
            assert HALF_BLOCK not in screen.text

    def test_nothing_to_upload_is_a_misuse(self, command: Command) -> None:
        finished = command.run("upload")
        assert finished.returncode == 2
        assert "--sample" in finished.stderr


class TestAddress:
    def test_it_is_given_before_or_after_the_command(
        self, stack: RunningStack, command: Command
    ) -> None:
        command.environ["CLIPO_API"] = "http://localhost:1"
        assert command.run("--api", stack.api, "list").returncode == 0
        assert command.run("list", "--api", f"{stack.api}/").returncode == 0

    def test_the_running_stack_is_found(self, stack: RunningStack, command: Command) -> None:
        del command.environ["CLIPO_API"]
        assert command.run("list", CLIPO_HOME=str(stack.home)).returncode == 0

    def test_the_welcome_names_a_command_that_works_in_any_folder(
        self, stack: RunningStack, command: Command
    ) -> None:
        del command.environ["CLIPO_API"]
        (line,) = [line for line in stack.output.splitlines() if "upload --sample" in line]
        finished = command.shell(line)
        assert finished.returncode == 0, finished.stderr

    def test_a_suggested_command_names_the_api(
        self, stack: RunningStack, command: Command, clips: Clips
    ) -> None:
        del command.environ["CLIPO_API"]
        none = command.run("list", "--api", stack.api, "--search", "no such name")
        list_all = f"CLIPO_API={stack.api} {command.program} list"
        assert none.stderr == f"No video matches. List all of them: {list_all}\n"
        failed = stack.finished(stack.upload_form(clips["text.mp4"]))["id"]
        said = command.run("retry", failed, "--api", stack.api).stderr
        program = command.program  # which is not on the path here
        assert said == f"Follow: CLIPO_API={stack.api} {program} watch {failed}\n"
        assert command.shell(said.removeprefix("Follow: ")).returncode == 1, "it fails again"

    def test_without_a_stack_it_says_what_to_start(self, command: Command) -> None:
        address = f"http://localhost:{free_port(17700, taken=set())}"
        finished = command.run("upload", "--sample", "--api", address)
        assert finished.returncode == 1
        start = f"Start the local stack: {command.program} up (or "
        assert f"Nothing answers at {address}. {start}" in finished.stderr

    def test_somebody_else_is_not_taken_for_clipo(self, command: Command) -> None:
        with a_web_server() as address:
            finished = command.run("list", "--api", address)
        assert finished.returncode == 1
        assert "is not Clipo: it answered 200 with text/html" in finished.stderr

    def test_it_needs_no_scheme(self, stack: RunningStack, command: Command) -> None:
        assert command.run("list", "--api", stack.api.removeprefix("http://")).returncode == 0

    @pytest.mark.parametrize("address", ["http:/x", "ftp://x", "http://", "http://a b"])
    def test_what_is_no_address_is_a_misuse(self, command: Command, address: str) -> None:
        finished = command.run("list", CLIPO_API=address)
        assert finished.returncode == 2
        assert "CLIPO_API must be an address" in finished.stderr


class TestOverview:
    def test_it_shows_the_running_stack_and_what_to_type(
        self, stack: RunningStack, command: Command, clips: Clips
    ) -> None:
        newest = stack.create(clips["tiny.mp4"], "newest.mp4")["id"]
        del command.environ["CLIPO_API"]
        with command.typed(columns=60, CLIPO_HOME=str(stack.home)) as screen:
            assert screen.exit_code() == 0
            assert f"runs at {stack.api}" in screen.text
            assert newest in screen.text
            assert "clipo upload FILE" in screen.text

    def test_without_a_stack_it_says_how_to_start_one(self, command: Command) -> None:
        del command.environ["CLIPO_API"]
        finished = command.run()
        assert (finished.returncode, finished.stderr) == (0, "")
        assert f"does not run in {command.folder}/.clipo" in finished.stdout
        assert re.search(r"clipo up +run all of Clipo", finished.stdout)

    def test_an_api_that_does_not_answer_is_named(self, command: Command) -> None:
        finished = command.run(CLIPO_API="localhost:1")
        assert finished.returncode == 0
        assert "Nothing answers at http://localhost:1" in finished.stderr
        assert "clipo doctor" in finished.stdout


class TestSample:
    def test_it_is_written_but_never_over_another_file(self, command: Command) -> None:
        assert command.run("sample", "one.mp4").returncode == 0
        sample = (command.folder / "one.mp4").read_bytes()
        assert sample[4:8] == b"ftyp"
        (command.folder / "one.mp4").write_text("mine")
        refused = command.run("sample", "one.mp4")
        assert refused.returncode == 1
        assert refused.stderr == (
            "one.mp4 exists: add --force to replace it, or name another file.\n"
        )
        assert command.run("sample", "one.mp4", "--force").returncode == 0
        assert (command.folder / "one.mp4").stat().st_size == len(sample)
        assert command.run("sample", "no/where.mp4").returncode == 1
        assert [file.name for file in command.folder.iterdir()] == ["one.mp4"]


class TestDownload:
    @pytest.fixture
    def video_id(self, stack: RunningStack, clips: Clips) -> str:
        return str(stack.finished(stack.upload_form(clips["h264.mp4"], "../-trip.mp4"))["id"])

    def test_it_is_saved_by_a_harmless_name(
        self, command: Command, clips: Clips, video_id: str
    ) -> None:
        finished = command.run("download", video_id)
        assert finished.returncode == 0, finished.stderr
        assert finished.stdout == f"downloaded  {video_id}  trip.mp4\n"
        assert finished.stderr.startswith("trip.mp4: downloading ")
        saved = command.folder / "trip.mp4"
        assert saved.read_bytes() == clips["h264.mp4"].read_bytes()
        assert list(command.folder.iterdir()) == [saved]

    def test_a_file_that_exists_stays(
        self, stack: RunningStack, command: Command, clips: Clips, video_id: str
    ) -> None:
        (command.folder / "trip.mp4").write_text("mine")
        other = stack.finished(stack.upload_form(clips["tiny.mp4"], "other.mp4"))["id"]
        refused = command.run("download", video_id, other)
        assert refused.returncode == 1
        assert refused.stderr.startswith(f"{video_id}: trip.mp4 exists: add --force to replace it")
        assert refused.stdout == f"downloaded  {other}  other.mp4\n"
        assert (command.folder / "trip.mp4").read_text() == "mine"
        assert command.run("download", video_id, "--force", "--quiet").returncode == 0
        assert (command.folder / "trip.mp4").stat().st_size == clips["h264.mp4"].stat().st_size

    def test_it_goes_to_the_file_folder_or_pipe_that_is_named(
        self, command: Command, clips: Clips, video_id: str
    ) -> None:
        (command.folder / "here").mkdir()
        saved = command.json("download", video_id, "-o", "here")
        content = clips["h264.mp4"].read_bytes()
        assert saved == {"id": video_id, "file": "here/trip.mp4", "size": len(content)}
        assert command.run("download", video_id, "-o", "mine.mp4").returncode == 0
        assert (command.folder / "mine.mp4").read_bytes() == content
        piped = command.shell(f"clipo download {video_id} -o - >piped.mp4")
        assert piped.returncode == 0, piped.stderr
        assert (command.folder / "piped.mp4").read_bytes() == content
        with command.typed("download", video_id, "-o", "-") as screen:
            assert screen.exit_code() == 2
            assert "Standard output is a terminal" in screen.text

    def test_it_resumes(self, command: Command, clips: Clips, video_id: str) -> None:
        content = clips["h264.mp4"].read_bytes()
        etag = hashlib.md5(content).hexdigest()
        (command.folder / f"trip.mp4.{etag}.part").write_bytes(content[:1000])
        finished = command.run("download", video_id)
        assert finished.returncode == 0, finished.stderr
        assert "trip.mp4: resuming: 1.0 kB are here already\n" in finished.stderr
        assert (command.folder / "trip.mp4").read_bytes() == content

    def test_a_video_without_a_file_is_an_error(
        self, stack: RunningStack, command: Command, clips: Clips
    ) -> None:
        waiting = stack.create(clips["tiny.mp4"])["id"]
        finished = command.run("download", waiting)
        assert (finished.returncode, finished.stdout) == (1, "")
        assert "(source_not_ready" in finished.stderr
        assert list(command.folder.iterdir()) == []


class TestPictures:
    @pytest.fixture
    def video_id(self, stack: RunningStack, clips: Clips) -> str:
        return str(stack.finished(stack.upload_form(clips["h264.mp4"], "trip.mp4"))["id"])

    def test_a_moment_is_saved(self, command: Command, video_id: str) -> None:
        finished = command.run("image", video_id)
        assert finished.returncode == 0, finished.stderr
        assert re.fullmatch(r"saved  trip\.jpg  [\d.]+ kB\n", finished.stdout)
        assert size_of((command.folder / "trip.jpg").read_bytes()) == (640, 360)
        assert command.run("image", video_id).stderr.startswith("trip.jpg exists: add --force")
        piped = command.shell(f"clipo image {video_id} -t 50% -w 160 -o - >small.jpg")
        assert piped.returncode == 0, piped.stderr
        assert size_of((command.folder / "small.jpg").read_bytes()) == (160, 90)
        late = command.run("image", video_id, "-t", "999", "-o", "late.jpg")
        assert (late.returncode, late.stdout) == (1, "")
        assert "The video lasts" in late.stderr

    def test_the_storyboard_is_saved_with_its_description(
        self, command: Command, video_id: str
    ) -> None:
        saved = command.json("storyboard", video_id, "-o", "sheet.jpg")
        sheet = (command.folder / "sheet.jpg").read_bytes()
        assert saved == {"id": video_id, "file": "sheet.jpg", "size": len(sheet)}
        assert sheet[:3] == b"\xff\xd8\xff"
        assert command.run("storyboard", video_id, "-o", "sheet.vtt").returncode == 0
        assert (command.folder / "sheet.vtt").read_text().startswith("WEBVTT\n")
        assert command.run("storyboard", video_id, "-o", "sheet.gif").returncode == 2
        assert command.run("image", video_id).stdout.startswith("saved  trip.jpg")
        assert command.run("storyboard", video_id).stdout.startswith("saved  trip-storyboard.jpg")


class TestVideos:
    def test_the_list_has_each_status(
        self, stack: RunningStack, command: Command, clips: Clips
    ) -> None:
        waiting = stack.create(clips["tiny.mp4"], "waits.mp4")["id"]
        done = stack.finished(stack.upload_form(clips["tiny.mp4"], "ready.mp4"))["id"]
        listed = command.run("list", "--limit", "2").stdout.splitlines()
        assert listed[1].split()[:2] == [done, "done"]
        assert listed[2].split()[:2] == [waiting, "pending"]
        pending = command.run("list", "--status", "pending", "-n", "1", "-q")
        assert pending.stdout == f"{waiting}\n"
        assert command.json("list", "-n", "1")[0]["id"] == done
        with command.typed("list", "-n", "2", columns=40) as screen:
            assert screen.exit_code() == 0
            assert screen.text.splitlines()[:2] == ["ready.mp4", f"  {done}  done"]
        with command.typed("list", "-n", "2", columns=80) as screen:
            assert screen.exit_code() == 0
            assert re.match(
                rf"  {done}  done +[\d-]+ [\d:]+ 00:00:00 +\d", screen.text.split("\n")[1]
            )

    def test_the_list_is_limited_or_complete(
        self, stack: RunningStack, command: Command, clips: Clips
    ) -> None:
        newest = [stack.create(clips["tiny.mp4"], f"{one}.mp4")["id"] for one in "ab"]
        limited = command.run("list", "-n", "1")
        assert limited.stderr == "There are more: --limit 2, or --all\n"
        listed = command.run("ls", "--all", "-q")
        assert listed.stdout.splitlines()[:2] == newest[::-1]
        assert listed.stderr == ""
        for arguments in (["retry"], ["retry", newest[0], "--all-failed"], ["ls", "--since", "x"]):
            assert command.run(*arguments).returncode == 2

    def test_no_line_of_a_pipe_ends_with_spaces(
        self, stack: RunningStack, command: Command, clips: Clips
    ) -> None:
        one = stack.create(clips["tiny.mp4"], "a" * 200 + ".mp4")["id"]
        stack.create(clips["tiny.mp4"], "short.mp4")
        for arguments in (["list"], ["show", one]):
            assert not re.search(r" $", command.run(*arguments).stdout, re.MULTILINE)

    def test_all_is_shown_of_a_video_and_what_to_do(
        self, stack: RunningStack, command: Command, clips: Clips
    ) -> None:
        done = stack.finished(stack.upload_form(clips["h264.mp4"]))
        with command.typed("show", done["id"], columns=40) as screen:
            assert screen.exit_code() == 0
            for words in ("640x360", "h264, 25 frames per second", "aac", "announced", "done in"):
                assert words in screen.text
            assert HALF_BLOCK in screen.text
        failed = stack.finished(stack.upload_form(clips["text.mp4"]))
        shown = command.run("show", failed["id"])
        assert shown.returncode == 0
        assert failed["error"]["message"] in shown.stdout
        assert command.json("show", done["id"]) == done

    def test_a_video_that_is_not_there_is_said(self, command: Command) -> None:
        finished = command.run("show", "507f1f77bcf86cd799439011")
        assert finished.returncode == 1
        assert "(video_not_found, request " in finished.stderr

    @pytest.mark.parametrize("name", ["show", "retry", "reprocess", "delete", "watch", "open"])
    @pytest.mark.parametrize("video_id", ["", "507f1f77bcf86cd799439011/thumbnail", "../docs", "é"])
    def test_what_is_no_id_is_a_misuse(self, command: Command, name: str, video_id: str) -> None:
        finished = command.run(name, video_id)
        assert (finished.returncode, finished.stdout) == (2, "")
        assert "Invalid value for 'ID'" in finished.stderr

    def test_an_id_may_be_typed_in_capitals(
        self, stack: RunningStack, command: Command, clips: Clips
    ) -> None:
        one = stack.create(clips["tiny.mp4"], "one.mp4")["id"]
        finished = command.run("delete", "--yes", one.upper())
        assert finished.stdout == f"deleted  {one}  one.mp4\n"

    def test_a_failed_video_is_retried_and_watched(
        self, stack: RunningStack, command: Command, clips: Clips
    ) -> None:
        failed = stack.finished(stack.upload_form(clips["text.mp4"]))["id"]
        done = stack.finished(stack.upload_form(clips["tiny.mp4"]))["id"]
        finished = command.run("retry", failed, done)
        assert finished.returncode == 1
        assert finished.stdout.startswith(f"retried  {failed}")
        assert (
            "There is nothing to retry. To process it again, reprocess it. (not_failed"
            in finished.stderr
        )
        watched = command.run("watch", failed, done)
        assert watched.returncode == 1, "one has failed again"
        last = watched.stdout.splitlines()[-1]
        assert any(f"{one}  " in watched.stdout for one in (failed, done))
        assert "not_a_video" in watched.stdout, last
        assert command.run("watch", done, "-q").returncode == 0

    def test_done_videos_are_reprocessed(
        self, stack: RunningStack, command: Command, clips: Clips
    ) -> None:
        done = stack.finished(stack.upload_form(clips["tiny.mp4"], "one.mp4"))
        finished = command.run("reprocess", done["id"])
        assert (finished.returncode, finished.stderr) == (0, "")
        assert finished.stdout == f"reprocessed  {done['id']}  one.mp4\n"
        again = stack.client.get(f"/videos/{done['id']}").json()
        assert again["status"] == "done"
        assert again["processing"]["finished_at"] > done["processing"]["finished_at"]
        nothing = command.run("reprocess", "--before", done["processing"]["release"], "--yes")
        assert (nothing.returncode, nothing.stdout) == (0, "")

    def test_a_video_is_made_public_and_private(
        self, stack: RunningStack, command: Command, clips: Clips
    ) -> None:
        video_id = stack.upload_signed(clips["tiny.mp4"])
        for visibility in ("public", "private"):
            said = command.run("visibility", visibility, video_id).stdout
            assert said == f"{visibility}  {video_id}  tiny.mp4\n"
            assert stack.client.get(f"/videos/{video_id}").json()["visibility"] == visibility
            assert visibility in command.run("show", video_id).stdout
        assert command.run("visibility", "secret", video_id).returncode == 2

    def test_reprocessing_says_what_it_did_not_do(
        self, stack: RunningStack, command: Command, clips: Clips
    ) -> None:
        failed = stack.finished(stack.upload_form(clips["text.mp4"]))["id"]
        finished = command.run("reprocess", failed)
        assert (finished.returncode, finished.stdout) == (1, "")
        assert "(not_done" in finished.stderr
        for arguments in ([], ["--before", "soon"], [failed, "--before", "0.2.0"]):
            assert command.run("reprocess", *arguments).returncode == 2

    def test_deleting_asks(self, stack: RunningStack, command: Command, clips: Clips) -> None:
        one = stack.finished(stack.upload_form(clips["tiny.mp4"], "one.mp4"))["id"]
        refused = command.run("delete", one)
        assert (refused.returncode, refused.stdout) == (2, "")
        assert "--yes" in refused.stderr
        with command.typed("delete", one) as screen:
            screen.await_text("Delete one.mp4? [y/N]")
            screen.press("n\r")
            assert screen.exit_code() == 1
            assert "Nothing is deleted." in screen.text
        assert stack.client.get(f"/videos/{one}").status_code == 200
        with command.typed("delete", one) as screen:
            screen.await_text("[y/N]")
            screen.press("y\r")
            assert screen.exit_code() == 0
        assert stack.client.get(f"/videos/{one}").status_code == 404
        again = command.run("delete", "--yes", one)
        assert (again.returncode, again.stderr) == (0, "")
        assert again.stdout == f"deleted  {one}  (it was gone already)\n"

    def test_many_are_deleted_after_a_question(
        self, stack: RunningStack, command: Command, clips: Clips
    ) -> None:
        shutil.copy(clips["tiny.mp4"], command.folder)
        uploaded = command.run("upload", "tiny.mp4", "-q", "--owner", "many-of-one")
        one = uploaded.stdout.strip()
        selected = ("delete", "--status", "done", "--owner", "many-of-one")
        counted = command.run(*selected, "--dry-run")
        assert (counted.returncode, counted.stderr) == (0, "1 video would be deleted.\n")
        assert re.fullmatch(rf"{one}  (seconds|\d+ minutes?) ago +tiny\.mp4\n", counted.stdout)
        with command.typed(*selected) as screen:
            screen.await_text("Delete 1 video? [y/N]")
            screen.press("n\r")
            assert screen.exit_code() == 1
        assert stack.client.get(f"/videos/{one}").status_code == 200
        with command.typed(*selected) as screen:
            screen.await_text("[y/N]")
            screen.press("y\r")
            assert screen.exit_code() == 0
            assert "1 deleted." in screen.text
        assert stack.client.get(f"/videos/{one}").status_code == 404
        assert command.run(*selected, "--yes").stderr == "No video matches.\n"

    @pytest.mark.parametrize("keys", ["\x03", "\x04"], ids=["Ctrl-C", "Ctrl-D"])
    def test_the_question_can_be_left(
        self, stack: RunningStack, command: Command, clips: Clips, keys: str
    ) -> None:
        one = stack.create(clips["tiny.mp4"], "one.mp4")["id"]
        with command.typed("delete", one) as screen:
            screen.await_text("[y/N]")
            screen.press(keys)
            assert screen.exit_code() == 130
            assert screen.text.endswith("\nNothing is deleted.")
        assert stack.client.get(f"/videos/{one}").status_code == 200

    def test_programs_get_a_line_for_each_id(
        self, stack: RunningStack, command: Command, clips: Clips
    ) -> None:
        gone, one = "507f1f77bcf86cd799439011", stack.create(clips["tiny.mp4"])["id"]
        finished = command.run("retry", gone, one, "--json")
        assert finished.returncode == 1
        lines = {line["id"]: line for line in map(json.loads, finished.stdout.splitlines())}
        assert lines[gone]["error"]["code"] == "video_not_found"
        assert lines[gone]["error"]["request_id"] not in lines[gone]["error"]["message"]
        assert lines[one]["error"]["code"] == "not_failed"
        finished = command.run("delete", "--yes", gone, one, "--json")
        assert finished.returncode == 0, finished.stderr
        lines = {line["id"]: line for line in map(json.loads, finished.stdout.splitlines())}
        statuses = {gone: "gone", one: "deleted"}
        assert lines == {
            video: {"id": video, "status": status} for video, status in statuses.items()
        }

    def test_watching_shows_changes_until_ctrl_c(
        self, stack: RunningStack, command: Command, clips: Clips
    ) -> None:
        with command.typed("watch", columns=120) as screen:
            screen.await_text("Watching")
            waiting = stack.create(clips["tiny.mp4"], "waits.mp4")["id"]
            screen.await_text(f"{waiting}  pending")
            done = stack.finished(stack.upload_form(clips["tiny.mp4"]))["id"]
            screen.await_text(f"{done}  done        tiny.mp4  0.4 s, 16x16")
            stack.client.delete(f"/videos/{waiting}")
            screen.await_text(f"{waiting}  deleted")
            screen.press("\x03")
            assert screen.exit_code() == 130
            assert "Traceback" not in screen.text

    def test_the_page_is_opened_or_told(self, stack: RunningStack, command: Command) -> None:
        assert command.run("open").stdout == f"{stack.api}/\n"
        with command.typed("open", BROWSER="echo browsing %s") as screen:
            assert screen.exit_code() == 0
            assert f"browsing {stack.api}/" in screen.text
        assert command.run("open", "507f1f77bcf86cd799439011").returncode == 1


class TestOutput:
    @pytest.mark.parametrize("arguments", ["doctor", "list --json", "upload --sample --json -q"])
    def test_what_cannot_be_written_is_said(self, command: Command, arguments: str) -> None:
        finished = command.shell(f"clipo {arguments} >/dev/full")
        assert finished.returncode == 1
        assert "The output cannot be written: No space left on device.\n" in finished.stderr
        assert "Traceback" not in finished.stderr

    def test_the_version_is_told(self, command: Command) -> None:
        assert re.fullmatch(r"clipo \d+\.\d+\.\d+\n", command.run("--version").stdout)

    def test_closed_streams_are_no_bugs(self, command: Command) -> None:
        finished = command.shell("clipo list >&-")
        assert finished.returncode == 1
        assert finished.stderr == "Standard output is closed. clipo needs it to write to.\n"
        assert command.shell("clipo list --json 2>&-").returncode == 0
        asked = command.shell("clipo delete 507f1f77bcf86cd799439011 <&-")
        assert (asked.returncode, "Traceback" in asked.stderr) == (2, False)

    def test_a_reader_that_has_gone_ends_it_as_a_signal_would(self, command: Command) -> None:
        finished = command.shell("clipo doctor | head -1; echo ${PIPESTATUS[0]}")
        assert finished.stdout.splitlines()[1] == "141"
        assert finished.stderr == ""


class TestDoctor:
    def test_all_is_well(self, stack: RunningStack, command: Command) -> None:
        before = command.run("list", "-q", "-n", "1").stdout
        found = command.json("doctor")
        assert {one["state"] for one in found if one["name"] != "Local stack"} <= {"ok", "warning"}
        names = ["Clock", "Access", "Login", "Database", "Storage", "Signatures"]
        assert [one["name"] for one in found][-6:] == names
        assert stack.addresses["s3"] in found[-2]["said"]
        assert command.run("list", "-q", "-n", "1").stdout == before, "it leaves nothing"

    def test_what_is_broken_is_told_with_its_fix(self, command: Command) -> None:
        with command.typed("doctor", columns=40, CLIPO_API="http://localhost:1") as screen:
            assert screen.exit_code() == 1
            assert "✗ API" in screen.text
            assert "→ Start the local stack" in screen.text
            assert "1 broken" in screen.text
        finished = command.run("doctor", CLIPO_API="ftp://x", CLIPO_AIP="x")
        assert finished.returncode == 1
        assert "Did you mean CLIPO_API?" in finished.stdout
        assert "CLIPO_API must be an address" in finished.stdout


class TestMigrate:
    def test_the_database_of_the_running_stack_needs_no_migration(
        self, command: Command, stack: RunningStack
    ) -> None:
        finished = command.run("migrate", CLIPO_HOME=str(stack.home))
        assert finished.returncode == 0, finished.stderr
        assert finished.stdout == (
            "Migrated: 0 records changed, 0 indexes built, 0 indexes dropped.\n"
        )
