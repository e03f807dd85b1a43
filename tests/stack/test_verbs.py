"""What people do with a video: retry, delete, sign again, and create once."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.boxes import box
from tests.clips import Clips
from tests.faulty_stack import FaultyStack
from tests.problems import problem
from tests.running_stack import UNTIL_EVENT_S, RunningStack, post_form
from tests.waiting import eventually

PART_BYTES = 8 << 20


@dataclass
class Uppy:
    """Uploads in parts as `@uppy/aws-s3` does, with the API behind `signRequest`."""

    stack: RunningStack
    video: dict[str, Any]

    @property
    def key(self) -> str:
        return f"uploads/{self.video['id']}/source"

    def sign(self, method: str, **request: Any) -> dict[str, Any]:
        response = self.stack.client.post(
            f"/videos/{self.video['id']}/upload/sign",
            json={"method": method, "key": self.key} | request,
        )
        assert response.status_code == 200, response.text
        signed: dict[str, Any] = response.json()
        return signed

    def create(self, signed: dict[str, Any] | None = None) -> str:
        signed = signed or self.sign("POST")
        headers = {"Content-Type": "application/octet-stream"} | signed["headers"]
        response = httpx2.post(signed["url"], headers=headers, timeout=60)
        assert response.status_code == 200, response.text
        found = re.search("<UploadId>(.+)</UploadId>", response.text)
        assert found
        return found[1]

    def put(self, upload: str, number: int, content: bytes) -> str:
        response = self.try_put(upload, number, content)
        assert response.status_code == 200, response.text
        return str(response.headers["etag"])

    def try_put(self, upload: str, number: int, content: bytes) -> httpx2.Response:
        url = self.sign("PUT", uploadId=upload, partNumber=number)["url"]
        return httpx2.put(url, content=content, timeout=60)

    def parts(self, upload: str) -> list[str]:
        listed = httpx2.get(self.sign("GET", uploadId=upload)["url"], timeout=60)
        return re.findall(r"<PartNumber>(\d+)</PartNumber>", listed.text)

    def complete(
        self, upload: str, etags: list[str], signed: dict[str, Any] | None = None
    ) -> httpx2.Response:
        signed = signed or self.sign("POST", uploadId=upload)
        parts = "".join(
            f"<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>"
            for number, etag in enumerate(etags, 1)
        )
        body = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>"
        headers = {"Content-Type": "application/xml"} | signed.get("headers", {})
        return httpx2.post(signed["url"], content=body, headers=headers, timeout=60)


@pytest.fixture
def large(clips: Clips, tmp_path: Path) -> Path:
    """A video of two parts: what follows the film in it is padding."""
    file = tmp_path / "large.mp4"
    file.write_bytes(clips["h264.mp4"].read_bytes() + box(b"free", bytes(PART_BYTES)))
    return file


class TestSign:
    def test_an_upload_in_parts_becomes_done(self, stack: RunningStack, large: Path) -> None:
        uppy = Uppy(stack, stack.create(large))
        content = large.read_bytes()
        upload = uppy.create()
        etags = [
            uppy.put(upload, number + 1, content[number * PART_BYTES :][:PART_BYTES])
            for number in range(2)
        ]
        assert uppy.parts(upload) == ["1", "2"]
        completed = uppy.complete(upload, etags)
        assert completed.status_code == 200, completed.text
        assert f"<Key>{uppy.key}</Key>" in completed.text
        video = stack.finished(uppy.video["id"])
        assert (video["status"], video["size"]) == ("done", len(content))
        refused = stack.client.post(
            f"/videos/{video['id']}/upload/sign", json={"method": "GET", "uploadId": upload}
        )
        assert problem(refused)["code"] == "not_pending"

    def test_an_upload_that_was_given_up_leaves_no_parts(
        self, stack: RunningStack, clips: Clips
    ) -> None:
        uppy = Uppy(stack, stack.create(clips["tiny.mp4"]))
        upload = uppy.create()
        uppy.put(upload, 1, clips["tiny.mp4"].read_bytes())
        deleted = httpx2.delete(uppy.sign("DELETE", uploadId=upload)["url"], timeout=60)
        assert deleted.status_code == 204
        gone = httpx2.get(uppy.sign("GET", uploadId=upload)["url"], timeout=60)
        assert "NoSuchUpload" in gone.text

    def test_a_fresh_form_uploads_too(self, stack: RunningStack, clips: Clips) -> None:
        uppy = Uppy(stack, stack.create(clips["tiny.mp4"]))
        signed = uppy.sign("PUT", contentType="video/mp4")
        assert post_form(signed, clips["tiny.mp4"].read_bytes()).status_code == 204
        assert stack.finished(uppy.video["id"])["status"] == "done"

    def test_a_signature_is_good_for_its_key_its_step_and_its_type_only(
        self, stack: RunningStack, clips: Clips
    ) -> None:
        uppy = Uppy(stack, stack.create(clips["tiny.mp4"]))
        created = uppy.sign("POST")
        other = {"Content-Type": "text/html"}
        assert httpx2.post(created["url"], headers=other, timeout=60).status_code == 403
        upload = uppy.create(created)
        part = uppy.sign("PUT", uploadId=upload, partNumber=1)["url"]
        elsewhere = part.replace(uppy.video["id"], "507f1f77bcf86cd799439011")
        second = part.replace("partNumber=1", "partNumber=2")
        content = clips["tiny.mp4"].read_bytes()
        for url in (elsewhere, second, part.replace("&partNumber=1", "")):
            assert url != part
            assert httpx2.put(url, content=content, timeout=60).status_code == 403
        assert httpx2.put(part, content=content, timeout=60).status_code == 200
        assert httpx2.delete(part, timeout=60).status_code == 403

    def test_each_part_has_its_exact_length(self, stack: RunningStack, large: Path) -> None:
        uppy = Uppy(stack, stack.create(large))
        content, upload = large.read_bytes(), uppy.create()
        last = content[PART_BYTES:]
        for number, wrong in [
            (1, content[: PART_BYTES - 1]),
            (1, content[: PART_BYTES + 1]),
            (1, content),
            (2, last[:-1]),
            (2, last + b"x"),
            (2, b""),
        ]:
            refused = uppy.try_put(upload, number, wrong)
            assert refused.status_code == 403
            assert "<Code>SignatureDoesNotMatch</Code>" in refused.text
        assert uppy.parts(upload) == []
        beyond = {"method": "PUT", "uploadId": upload, "partNumber": 3}
        answer = stack.client.post(f"/videos/{uppy.video['id']}/upload/sign", json=beyond)
        assert problem(answer)["code"] == "no_such_part"

    def test_the_parts_together_have_the_announced_size(
        self, stack: RunningStack, large: Path
    ) -> None:
        uppy = Uppy(stack, stack.create(large))
        content, upload = large.read_bytes(), uppy.create()
        etags = [uppy.put(upload, 1, content[:PART_BYTES])]
        short = uppy.complete(upload, etags)
        assert (short.status_code, "<Code>InvalidRequest</Code>" in short.text) == (400, True)
        etags.append(uppy.put(upload, 2, content[PART_BYTES:]))
        signed = uppy.sign("POST", uploadId=upload)
        for headers in ({}, {"x-amz-mp-object-size": str(PART_BYTES)}):
            refused = uppy.complete(upload, etags, signed | {"headers": headers})
            assert refused.status_code == 403
            assert "<Code>SignatureDoesNotMatch</Code>" in refused.text
        assert stack.objects_of(uppy.video["id"]) == []
        assert uppy.complete(upload, etags, signed).status_code == 200
        assert stack.finished(uppy.video["id"])["status"] == "done"

    def test_the_other_uploads_end_with_the_first_that_is_complete(
        self, stack: RunningStack, large: Path
    ) -> None:
        uppy = Uppy(stack, stack.create(large))
        content = large.read_bytes()
        other, upload = uppy.create(), uppy.create()
        uppy.put(other, 1, content[:PART_BYTES])
        etags = [
            uppy.put(upload, number + 1, content[number * PART_BYTES :][:PART_BYTES])
            for number in range(2)
        ]
        assert uppy.complete(upload, etags).status_code == 200
        eventually(lambda: unfinished(stack, uppy.key) == 0)
        assert stack.finished(uppy.video["id"])["status"] == "done"

    def test_a_file_of_another_size_fails_and_is_removed(
        self, stack: RunningStack, clips: Clips
    ) -> None:
        """As if S3 had not checked it, or the record had been changed."""
        created = stack.create(clips["tiny.mp4"])
        stack.cloud("s3").put_object(
            Bucket="clipo-uploads", Key=f"uploads/{created['id']}/source", Body=b"of another size"
        )
        video = stack.finished(created["id"])
        assert (video["status"], video["error"]["code"]) == ("failed", "size_mismatch")
        assert not video["error"]["retryable"]
        assert stack.objects_of(created["id"]) == []
        retried = stack.client.post(f"/videos/{created['id']}/retry")
        assert problem(retried)["code"] == "source_gone"

    def test_a_form_that_is_used_again_and_again_is_processed_four_times(
        self, stack: RunningStack, clips: Clips
    ) -> None:
        clip = clips["tiny.mp4"].read_bytes()
        created = stack.create(clips["tiny.mp4"])
        # Only the last bytes differ, which are padding.
        for number in range(6):
            content = clip[:-1] + bytes([number])
            assert post_form(created["upload"], content).status_code == 204
            time.sleep(UNTIL_EVENT_S)
            stack.await_events()
            video = stack.finished(created["id"])
            assert video["status"] in ("done", "failed")
        output = (stack.home / "logs" / "processing.log").read_text()
        started = [
            line
            for line in output.splitlines()
            if created["id"] in line and "processing started" in line
        ]
        assert len(started) == 4
        assert "replaced_too_often" in output

    @pytest.mark.parametrize("method", ["POST", "PUT", "GET", "DELETE"])
    def test_a_page_of_this_machine_may_send_each_step(
        self, stack: RunningStack, clips: Clips, method: str
    ) -> None:
        url = Uppy(stack, stack.create(clips["tiny.mp4"])).sign("POST")["url"]
        headers = {"Origin": "http://localhost:3000", "Access-Control-Request-Method": method}
        allowed = httpx2.options(url, headers=headers, timeout=60)
        assert method in allowed.headers["access-control-allow-methods"]


class TestRetry:
    def test_of_a_video_that_failed_for_a_passing_reason_becomes_done(
        self, world: FaultyStack, clips: Clips
    ) -> None:
        stack = world.stack
        failing = world.failing("ffprobe")
        video_id = stack.upload_signed(clips["tiny.mp4"])
        assert stack.finished(video_id)["status"] == "failed"
        failing.open()
        response = stack.client.post(f"/videos/{video_id}/retry")
        assert response.status_code == 202
        assert response.json()["status"] in ("pending", "processing", "done")
        video = stack.finished(video_id)
        assert (video["status"], video["attempts"], video["error"]) == ("done", 1, None)
        assert problem(stack.client.post(f"/videos/{video_id}/retry"))["code"] == "not_failed"
        assert re.search(f"{video_id} .+ to be processed again", stack.output)

    def test_that_fails_again_can_be_repeated(self, stack: RunningStack, clips: Clips) -> None:
        video_id = stack.upload_signed(clips["text.mp4"])
        for _ in range(2):
            before = stack.finished(video_id)
            assert stack.client.post(f"/videos/{video_id}/retry").status_code == 202
            stack.await_events()
            after = stack.finished(video_id)
            assert (after["status"], after["attempts"]) == ("failed", 1)
            assert after["processing"]["started_at"] > before["processing"]["started_at"]

    def test_of_many_at_once_is_one(self, stack: RunningStack, clips: Clips) -> None:
        video_id = stack.upload_signed(clips["text.mp4"])
        stack.finished(video_id)
        with ThreadPoolExecutor(8) as pool:
            answers = list(
                pool.map(lambda _: stack.client.post(f"/videos/{video_id}/retry"), range(8))
            )
        statuses = {answer.status_code for answer in answers}
        assert 202 in statuses
        assert statuses <= {202, 409}
        stack.await_events()
        assert stack.finished(video_id)["attempts"] == 1

    def test_without_its_file_says_so(self, stack: RunningStack, clips: Clips) -> None:
        video_id = stack.upload_signed(clips["text.mp4"])
        stack.finished(video_id)
        key = f"uploads/{video_id}/source"
        stack.cloud("s3").delete_object(Bucket="clipo-uploads", Key=key)
        body = problem(stack.client.post(f"/videos/{video_id}/retry"))
        assert (body["status"], body["code"]) == (409, "source_gone")
        assert stack.client.get(f"/videos/{video_id}").json()["status"] == "failed"


class TestDelete:
    def test_of_a_done_video_leaves_nothing(self, stack: RunningStack, clips: Clips) -> None:
        video_id = stack.upload_signed(clips["tiny.mp4"])
        stack.finished(video_id)
        assert len(stack.objects_of(video_id)) == 2
        for _ in range(2):
            assert stack.client.delete(f"/videos/{video_id}").status_code == 204
            assert stack.objects_of(video_id) == []
        for path in (f"/videos/{video_id}", f"/video-status/{video_id}"):
            assert stack.client.get(path).status_code == 404

    def test_of_many_leaves_the_others(self, stack: RunningStack, clips: Clips) -> None:
        names = {"bad.mp4": "text.mp4", "worse.mp4": "text.mp4", "good.mp4": "tiny.mp4"}
        ids = {}
        for name, clip in names.items():
            content = clips[clip].read_bytes()
            announced = {"filename": name, "size": len(content), "owner": "many"}
            created = stack.client.post("/videos", json=announced).json()
            assert post_form(created["upload"], content).status_code == 204
            ids[name] = created["id"]
        bad, worse, good = ids.values()
        assert [stack.finished(one)["status"] for one in ids.values()] == 2 * ["failed"] + ["done"]

        body: dict[str, object] = {"codes": ["not_a_video"], "owner": "many", "limit": 1}
        counted = stack.client.post("/videos/delete", json=body | {"dry_run": True}).json()
        assert (counted["found"], counted["deleted"]) == (2, [])
        assert [one["id"] for one in counted["first"]] == [worse], "as many as the limit"
        assert stack.objects_of(worse) != []
        first = stack.client.post("/videos/delete", json=body).json()
        assert (first["deleted"], first["remaining"]) == ([worse], 1)
        again = body | {"cursor": first["next_cursor"]}
        second = stack.client.post("/videos/delete", json=again).json()
        assert (second["deleted"], second["left"], second["next_cursor"]) == ([bad], [], None)
        for one in (bad, worse):
            assert stack.objects_of(one) == []
            assert stack.client.get(f"/videos/{one}").status_code == 404
        assert len(stack.objects_of(good)) == 2
        assert stack.client.post("/videos/delete", json={"owner": "many"}).json()["found"] == 1

    def test_while_it_is_uploaded_removes_what_arrives_later(
        self, stack: RunningStack, clips: Clips
    ) -> None:
        created = stack.create(clips["tiny.mp4"])
        assert stack.client.delete(f"/videos/{created['id']}").status_code == 204
        late = post_form(created["upload"], clips["tiny.mp4"].read_bytes())
        assert late.status_code == 204, "the signature is still good"
        eventually(lambda: stack.objects_of(created["id"]) == [])
        stack.await_events()
        assert stack.objects_of(created["id"]) == []
        assert stack.client.get(f"/videos/{created['id']}").status_code == 404

    def test_while_it_is_uploaded_in_parts_ends_the_upload(
        self, stack: RunningStack, clips: Clips
    ) -> None:
        uppy = Uppy(stack, stack.create(clips["tiny.mp4"]))
        begin = uppy.sign("POST")
        upload = uppy.create(begin)
        etag = uppy.put(upload, 1, clips["tiny.mp4"].read_bytes())
        complete = uppy.sign("POST", uploadId=upload)
        assert stack.client.delete(f"/videos/{uppy.video['id']}").status_code == 204
        assert uppy.complete(upload, [etag], complete).status_code == 404
        assert unfinished(stack, uppy.key) == 0

        # What was signed before is still good: for a beginning, and for the form.
        uppy.create(begin)
        assert unfinished(stack, uppy.key) == 1
        assert post_form(uppy.video["upload"], clips["tiny.mp4"].read_bytes()).status_code == 204
        eventually(lambda: stack.objects_of(uppy.video["id"]) == [])
        stack.await_events()
        assert unfinished(stack, uppy.key) == 0

    def test_while_it_is_processed_leaves_nothing(self, world: FaultyStack, clips: Clips) -> None:
        stack = world.stack
        stack.await_events()
        before = len(stack.output)
        gate = world.gate("ffmpeg", "begin")
        video_id = stack.upload_signed(clips["tiny.mp4"])
        gate.await_reached()
        assert stack.client.get(f"/videos/{video_id}").json()["status"] == "processing"
        assert stack.client.delete(f"/videos/{video_id}").status_code == 204
        assert stack.client.get(f"/videos/{video_id}").status_code == 404
        gate.open()
        stack.await_events()
        assert stack.objects_of(video_id) == []
        assert stack.client.get(f"/videos/{video_id}").status_code == 404
        assert "again in" not in stack.output[before:], "the worker ends in peace"

    @pytest.mark.long
    def test_at_any_moment_leaves_nothing(self, stack: RunningStack, clips: Clips) -> None:
        def upload_and_delete(number: int) -> str:
            created = stack.create(clips["tiny.mp4"])
            with ThreadPoolExecutor(1) as beside:
                uploading = beside.submit(
                    post_form, created["upload"], clips["tiny.mp4"].read_bytes()
                )
                # From before the file has arrived to after the video is done.
                time.sleep(number * 0.01)
                answer = stack.client.delete(f"/videos/{created['id']}")
                assert (answer.status_code, uploading.result().status_code) == (204, 204)
            return str(created["id"])

        with ThreadPoolExecutor(4) as pool:
            ids = list(pool.map(upload_and_delete, range(40)))
        time.sleep(UNTIL_EVENT_S)
        stack.await_events()
        for video_id in ids:
            assert stack.objects_of(video_id) == []
            assert stack.client.get(f"/videos/{video_id}").status_code == 404

    def test_after_a_retry_leaves_nothing(self, stack: RunningStack, clips: Clips) -> None:
        video_id = stack.upload_signed(clips["text.mp4"])
        stack.finished(video_id)
        assert stack.client.post(f"/videos/{video_id}/retry").status_code == 202
        assert stack.client.delete(f"/videos/{video_id}").status_code == 204
        stack.await_events()
        assert stack.objects_of(video_id) == []
        assert stack.client.get(f"/videos/{video_id}").status_code == 404


def unfinished(stack: RunningStack, key: str) -> int:
    listed = stack.cloud("s3").list_multipart_uploads(Bucket="clipo-uploads", Prefix=key)
    return len(listed.get("Uploads", []))


class TestIdempotencyKey:
    def test_of_many_requests_at_once_makes_one_video(
        self, stack: RunningStack, clips: Clips
    ) -> None:
        clip = clips["tiny.mp4"]
        body = {"filename": clip.name, "size": clip.stat().st_size}
        headers = {"Idempotency-Key": "many-at-once"}
        with ThreadPoolExecutor(10) as pool:
            answers = list(
                pool.map(
                    lambda _: stack.client.post("/videos", json=body, headers=headers), range(10)
                )
            )
        assert {answer.status_code for answer in answers} == {201}
        (video_id,) = {answer.json()["id"] for answer in answers}
        listed = stack.client.get("/videos", params={"limit": 100}).json()["data"]
        assert [video["id"] for video in listed].count(video_id) == 1
        form = answers[-1].json()["upload"]
        assert post_form(form, clip.read_bytes()).status_code == 204
        assert stack.finished(video_id)["status"] == "done"
        again = stack.client.post("/videos", json=body, headers=headers).json()
        assert (again["id"], again["status"], again["upload"]) == (video_id, "done", None)

    def test_with_another_body_is_refused(self, stack: RunningStack) -> None:
        headers = {"Idempotency-Key": "another-body"}
        for size, status in ((5, 201), (6, 422)):
            body = {"filename": "a.mp4", "size": size}
            response = stack.client.post("/videos", json=body, headers=headers)
            assert response.status_code == status
        assert problem(response)["code"] == "idempotency_key_reused"
