/** What the page says about a video, in groups. */

import type {Stream, Video} from "./api";
import {sentenceOfPlayback} from "./api-sentences";
import {bitRate, bytes, count, duration, languageName, moment} from "./format";
import {t} from "./strings";

export interface Fact {
  name: string;
  value: string;
  /** The value that a button copies; null for facts that no program needs. */
  copy: string | null;
  /** The language of the value, if it is not that of the page. */
  lang?: "en";
}

export interface Group {
  title: string;
  facts: Fact[];
}

const HDR: Record<string, string> = {hlg: "HLG", pq: "HDR10 (PQ)", dolby_vision: "Dolby Vision"};

/** How people write the codecs that Clipo reports. */
const CODECS: Record<string, string> = {
  h264: "H.264",
  hevc: "HEVC",
  vp8: "VP8",
  vp9: "VP9",
  av1: "AV1",
  aac: "AAC",
  mp3: "MP3",
  mpeg4: "MPEG-4",
  mpeg2video: "MPEG-2",
  prores: "ProRes",
  vc1: "VC-1",
  wmv1: "WMV 7",
  wmv2: "WMV 8",
  wmv3: "WMV 9",
  wmav1: "WMA 1",
  wmav2: "WMA 2",
  opus: "Opus",
  vorbis: "Vorbis",
};

const codecName = (codec: string) => CODECS[codec] ?? codec;

const fact = (name: string, value: string): Fact => ({name, value, copy: null});

export function factsOf(video: Video): Group[] {
  const groups = [
    {title: t.groups.picture, facts: pictureFacts(video)},
    {title: hasOther(video) ? t.groups.streams : t.groups.sound, facts: soundFacts(video)},
    {title: t.groups.file, facts: fileFacts(video)},
    {title: t.groups.access, facts: accessFacts(video)},
  ];
  return groups.filter(({facts}) => facts.length > 0);
}

const hasOther = ({media}: Video) =>
  media?.streams.some(({kind}) => kind !== "video" && kind !== "audio");

function pictureFacts({media, thumbnail}: Video): Fact[] {
  if (!media) return [];
  const {facts: names} = t;
  const turned = media.rotation ? `, ${t.rotated(media.rotation)}` : "";
  const video = media.streams.find(({kind}) => kind === "video");
  return [
    fact(names.resolution, `${media.width}×${media.height}${turned}`),
    fact(
      names.codec,
      [codecName(media.video_codec), video?.profile, video?.level].filter(Boolean).join(" "),
    ),
    ...(media.frame_rate ? [fact(names.frameRate, t.perS(media.frame_rate))] : []),
    ...(video?.hdr ? [fact(names.hdr, HDR[video.hdr] ?? video.hdr)] : []),
    ...(thumbnail ? [fact(names.thumbnail, thumbnailFact(thumbnail))] : []),
  ];
}

const thumbnailFact = ({at_s, fallback}: NonNullable<Video["thumbnail"]>) =>
  fallback === "start" ? t.firstFrame : t.frameAt(at_s);

function soundFacts({media}: Video): Fact[] {
  if (!media) return [];
  const {facts: names} = t;
  if (!media.has_audio) return [fact(names.audio, t.none)];
  const others = media.streams.filter(({kind}) => kind !== "video");
  if (others.length === 0)
    return [fact(names.audio, media.audio_codec ? codecName(media.audio_codec) : t.unknown)];
  return others.map((stream) => fact(names.stream(stream.index), streamFacts(stream)));
}

/** Return "audio, AAC, stereo, 48,000 Hz, English". */
function streamFacts({kind, codec, channel_layout, sample_rate, language}: Stream): string {
  const rate = sample_rate && `${count(sample_rate)} Hz`;
  const spoken = language && languageName(language);
  const name = codec && codecName(codec);
  return [t.kinds[kind] ?? kind, name, channel_layout, rate, spoken].filter(Boolean).join(", ");
}

function fileFacts({media, size, content_type}: Video): Fact[] {
  const {facts: names} = t;
  const exact = size < 1000 ? "" : ` (${count(size)} B)`;
  const facts = [fact(names.size, bytes(size) + exact), fact(names.type, content_type)];
  if (!media) return facts;
  // Others are a note below the picture.
  const playback = media.playback?.browsers === "all" ? sentenceOfPlayback(media) : null;
  const length = media.duration_s === null ? t.unknown : duration(media.duration_s);
  return [
    fact(names.length, length),
    ...facts,
    fact(names.container, media.container),
    fact(names.bitRate, media.bit_rate === null ? t.unknown : bitRate(media.bit_rate)),
    ...(media.created_at ? [fact(names.recorded, moment(media.created_at))] : []),
    ...(playback ? [{...fact(names.browsers, playback.text), lang: playback.lang}] : []),
  ];
}

function accessFacts({id, owner, visibility, passthrough}: Video): Fact[] {
  const {facts: names} = t;
  const text = (name: string, value: string) => ({name, value, copy: value});
  return [
    text(names.id, id),
    ...(owner ? [text(names.owner, owner)] : []),
    fact(names.visibility, t.visibilities[visibility]),
    ...(passthrough ? [text(names.passthrough, passthrough)] : []),
  ];
}
