import type {Me} from "./api";
import {bytes, duration} from "./format";
import {t} from "./strings";

/** Return what the caller may upload, and how much of its quota is used. */
export const limitsOf = ({limits, usage}: Me): string =>
  [
    t.atMost(bytes(limits.video_bytes)),
    limits.video_duration_s && t.each(duration(limits.video_duration_s)),
    usage && limits.videos && t.videosUsed(usage.videos, limits.videos),
    usage && limits.bytes && t.bytesUsed(usage.bytes, limits.bytes),
  ]
    .filter(Boolean)
    .join("; ");

const NEARLY = 0.9;

/** Whether the caller can soon upload no more. */
export const isNearlyUsedUp = ({limits, usage}: Me): boolean =>
  (["videos", "bytes"] as const).some((kind) => {
    const limit = limits[kind];
    return limit !== null && usage !== null && usage[kind] >= NEARLY * limit;
  });
