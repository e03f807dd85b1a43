import type {Me} from "./api";
import {bytes, wholeSpan} from "./format";
import {t} from "./strings";

/** Return how large and how long each video may be. */
export const limitsOf = ({limits}: Me): string =>
  t.atMost(
    bytes(limits.video_bytes),
    limits.video_duration_s ? wholeSpan(limits.video_duration_s) : null,
  );

/** Return how much of the caller's quota is used; null without a quota. */
export function usageOf({limits, usage}: Me): string | null {
  if (!usage) return null;
  const parts = [
    limits.videos && t.videosUsed(usage.videos, limits.videos),
    limits.bytes && t.bytesUsed(usage.bytes, limits.bytes),
  ];
  return parts.filter(Boolean).join(", ") || null;
}

const NEARLY = 0.9;

/** Whether the caller can soon upload no more. */
export const isNearlyUsedUp = ({limits, usage}: Me): boolean =>
  (["videos", "bytes"] as const).some((kind) => {
    const limit = limits[kind];
    return limit !== null && usage !== null && usage[kind] >= NEARLY * limit;
  });
