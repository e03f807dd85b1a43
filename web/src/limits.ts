import type {Me} from "./api";
import {bytes, count, duration} from "./format";

/** Return what the caller may upload, as a sentence, and how much of it is used as another. */
export function limitsOf({limits, usage}: Me): string {
  const {video_bytes, video_duration_s, videos} = limits;
  const each = [bytes(video_bytes), video_duration_s && duration(video_duration_s)];
  const used = usage && [
    videos && `${count(usage.videos)} of ${count(videos)} videos`,
    limits.bytes && `${bytes(usage.bytes)} of ${bytes(limits.bytes)}`,
  ];
  const most = `at most ${each.filter(Boolean).join(" and ")} each.`;
  return used ? `${most} Used: ${used.filter(Boolean).join(", ")}.` : most;
}
