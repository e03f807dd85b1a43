import type {Video} from "./api";
import {bytes, count} from "./format";

export interface Step {
  what: string;
  when: string | null;
  more: string | null;
}

/** Return the history of a video in order, and what it waits for. */
export function timelineOf(video: Video): Step[] {
  return [announcement(video), ...statusSteps(video), ...webhookSteps(video)];
}

const announcement = (video: Video): Step => ({
  what: "Announced",
  when: video.created_at,
  more: `${bytes(video.size)} of ${video.content_type}`,
});

function statusSteps(video: Video): Step[] {
  switch (video.status) {
    case "pending":
      return [{what: "Waiting for the file", when: null, more: attemptsSoFar(video)}];
    case "processing":
      return [{what: "Processing started", when: video.updated_at, more: attemptsSoFar(video)}];
    default:
      return finishSteps(video);
  }
}

function finishSteps(video: Video): Step[] {
  const {processing, error} = video;
  const end = {
    what: video.status === "done" ? "Done" : "Failed",
    when: processing?.finished_at ?? video.updated_at,
    more: error ? error.code : null,
  };
  if (!processing) return [end];
  const start = {
    what: "Processing started",
    when: processing.started_at,
    more: attemptsSoFar(video),
  };
  const {wall_ms, bytes_read, requests} = processing;
  const cost = `after ${count(wall_ms)} ms, ${bytes(bytes_read)} read in ${requests} ${requests === 1 ? "request" : "requests"}`;
  return [start, {...end, more: [end.more, cost].filter(Boolean).join(", ")}];
}

const attemptsSoFar = ({attempts}: Video) => (attempts > 1 ? `attempt ${attempts}` : null);

function webhookSteps({webhook}: Video): Step[] {
  if (!webhook) return [];
  const answer = webhook.last_status ? `the receiver answered ${webhook.last_status}` : null;
  if (webhook.delivered_at)
    return [{what: "Webhook delivered", when: webhook.delivered_at, more: answer}];
  if (webhook.due_at) return [{what: "Webhook scheduled", when: webhook.due_at, more: answer}];
  return [{what: "Webhook given up", when: null, more: answer ?? "the receiver never answered"}];
}
