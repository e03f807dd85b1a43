import type {Me} from "./api";
import {bytes, duration} from "./format";

/** Return what the caller may upload, and how much of its quota is used. */
export const limitsOf = ({limits, usage}: Me): string =>
  [
    `at most ${bytes(limits.video_bytes)} each`,
    limits.video_duration_s && `${duration(limits.video_duration_s)} each`,
    usage && limits.videos && `${usage.videos} of ${limits.videos} videos used`,
    usage && limits.bytes && `${bytes(usage.bytes)} of ${bytes(limits.bytes)} used`,
  ]
    .filter(Boolean)
    .join("; ");
