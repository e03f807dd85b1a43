/** What the page says about a video, in groups. */

import type {Stream, Video} from "./api";
import {bitRate, bytes, count, duration, moment} from "./format";
import {t} from "./strings";

export interface Fact {
  name: string;
  value: string;
  /** The value that a button copies; null for facts that no program needs. */
  copy: string | null;
  /** Whether the value is in English, as the API sends it. */
  english?: boolean;
}

export interface Group {
  title: string;
  facts: Fact[];
}

const fact = (name: string, value: string): Fact => ({name, value, copy: null});

export function factsOf(video: Video): Group[] {
  const groups = [
    {title: t.groups.picture, facts: pictureFacts(video)},
    {title: t.groups.sound, facts: soundFacts(video)},
    {title: t.groups.file, facts: fileFacts(video)},
    {title: t.groups.clipo, facts: clipoFacts(video)},
  ];
  return groups.filter(({facts}) => facts.length > 0);
}

function pictureFacts({media, thumbnail}: Video): Fact[] {
  if (!media) return [];
  const {facts: names} = t;
  const turned = media.rotation ? `, ${t.rotated(media.rotation)}` : "";
  const video = media.streams.find(({kind}) => kind === "video");
  return [
    fact(names.frame, `${media.width}×${media.height}${turned}`),
    fact(names.codec, [media.video_codec, video?.profile, video?.level].filter(Boolean).join(" ")),
    ...(media.frame_rate ? [fact(names.frameRate, t.perS(media.frame_rate))] : []),
    ...(video?.hdr ? [fact(names.hdr, video.hdr.replace("_", " "))] : []),
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
  if (others.length === 0) return [fact(names.audio, media.audio_codec ?? t.unknown)];
  return others.map((stream) => fact(names.stream(stream.index), streamFacts(stream)));
}

/** Return "audio, aac, stereo, 48,000 Hz, eng". */
function streamFacts({kind, codec, channel_layout, sample_rate, language}: Stream): string {
  const rate = sample_rate && `${count(sample_rate)} Hz`;
  return [kind, codec, channel_layout, rate, language].filter(Boolean).join(", ");
}

function fileFacts({media, size, content_type}: Video): Fact[] {
  const {facts: names} = t;
  const exact = size < 1000 ? "" : ` (${count(size)} B)`;
  const facts = [fact(names.size, bytes(size) + exact), fact(names.type, content_type)];
  if (!media) return facts;
  const length = media.duration_s === null ? t.unknown : duration(media.duration_s);
  return [
    fact(names.length, length),
    ...facts,
    fact(names.container, media.container),
    fact(names.bitRate, media.bit_rate === null ? t.unknown : bitRate(media.bit_rate)),
    ...(media.created_at ? [fact(names.recorded, moment(media.created_at))] : []),
    ...(media.playback ? [{...fact(names.browsers, media.playback.message), english: true}] : []),
  ];
}

function clipoFacts({id, owner, visibility, passthrough}: Video): Fact[] {
  const {facts: names} = t;
  const text = (name: string, value: string) => ({name, value, copy: value});
  return [
    text(names.id, id),
    ...(owner ? [text(names.owner, owner)] : []),
    fact(names.visibility, visibility),
    ...(passthrough ? [text(names.passthrough, passthrough)] : []),
  ];
}
