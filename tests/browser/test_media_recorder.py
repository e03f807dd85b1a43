"""Recordings that the browser makes itself: read through a splice and whole."""

import base64
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from clipo.local.ffmpeg import prepare
from functions.media import thumbnail
from functions.media.engine import Engine
from functions.media.splice import bisect
from tests.recordings import Ways, described

_SECONDS, _BITS_PER_S = 12, 6_000_000
_RECORD = """
async ([type, seconds, bitsPerSecond, timeslice]) => {
  if (!MediaRecorder.isTypeSupported(type)) return null;
  const canvas = Object.assign(document.createElement("canvas"), {width: 320, height: 180});
  const context = canvas.getContext("2d");
  const pixels = context.createImageData(320, 180);
  const draw = () => {
    for (let i = 0; i < pixels.data.length; i++) pixels.data[i] = 255 * Math.random();
    context.putImageData(pixels, 0, 0);
  };
  const timer = setInterval(draw, 40);
  const sound = new AudioContext();
  const tone = new OscillatorNode(sound);
  const heard = new MediaStreamAudioDestinationNode(sound);
  tone.connect(heard);
  tone.start();
  const stream = canvas.captureStream(25);
  if (type.includes(",")) stream.addTrack(heard.stream.getAudioTracks()[0]);
  const recorder = new MediaRecorder(stream, {
    mimeType: type,
    videoBitsPerSecond: bitsPerSecond,
    videoKeyFrameIntervalDuration: 1000,
  });
  const parts = [];
  recorder.ondataavailable = ({data}) => parts.push(data);
  const stopped = new Promise((resolve) => { recorder.onstop = resolve; });
  recorder.start(timeslice);
  setTimeout(() => recorder.stop(), seconds * 1000);
  await stopped;
  clearInterval(timer);
  await sound.close();
  const url = await new Promise((resolve) => {
    const reader = Object.assign(new FileReader(), {onload: () => resolve(reader.result)});
    reader.readAsDataURL(new Blob(parts));
  });
  return url.split(",")[1];
}
"""


@pytest.mark.long
@pytest.mark.parametrize(
    "type_",
    [
        "video/webm;codecs=vp8,opus",
        "video/webm;codecs=vp9,opus",
        "video/webm;codecs=vp8",
        "video/x-matroska;codecs=avc1,opus",
        "video/mp4;codecs=avc1,opus",
    ],
)
def test_a_recording_looks_the_same_through_a_splice(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, type_: str
) -> None:
    with browser.new_page() as page:
        recorded = page.evaluate(_RECORD, [type_, _SECONDS, _BITS_PER_S, 500])
    if recorded is None:
        pytest.skip(f"this Chromium does not record {type_}")
    clip = tmp_path / "recorded"
    clip.write_bytes(base64.b64decode(recorded))
    monkeypatch.setattr(thumbnail, "THUMBNAIL_SHARE", 0.8)
    monkeypatch.setattr(bisect, "_NEAR", 100_000)
    monkeypatch.setattr(bisect, "_BACK", 50_000)
    engine = Engine(prepare(tmp_path / "ffmpeg", chosen=None))
    ways = Ways(engine, tmp_path, monkeypatch)
    spliced, whole = ways.spliced(clip), ways.whole(clip)
    assert described(spliced.media) == described(whole.media)
    # Chromium's times have more digits than milliseconds: each way rounds its own sum.
    assert spliced.frame.at_s == pytest.approx(whole.frame.at_s, abs=0.0015)
    assert replace(spliced.frame, at_s=whole.frame.at_s) == whole.frame
