import type {Video} from "./api";
import {bytes, moment} from "./format";
import {t} from "./strings";
import {waitsFor} from "./waiting";

export interface Step {
  what: string;
  when: string | null;
  more: string | null;
}

/** Return the history of a video in order, and what it waits for. */
export function timelineOf(video: Video, now: number): Step[] {
  return [announcement(video), ...statusSteps(video, now), ...webhookSteps(video)];
}

const announcement = (video: Video): Step => ({
  what: t.announced,
  when: video.created_at,
  more: `${bytes(video.size)}, ${video.content_type}`,
});

function statusSteps(video: Video, now: number): Step[] {
  switch (video.status) {
    case "pending":
      return [waiting(video, now)];
    case "processing":
      return [{what: t.processingStarted, when: video.updated_at, more: attemptsSoFar(video)}];
    default:
      return finishSteps(video);
  }
}

function waiting(video: Video, now: number): Step {
  const {upload_expires_at} = video;
  const more = upload_expires_at && t.expectedBy(moment(upload_expires_at));
  return {what: waitsFor(video, now), when: null, more};
}

function finishSteps(video: Video): Step[] {
  const {processing} = video;
  const end = {
    what: video.status === "done" ? t.done : t.failed,
    when: processing?.finished_at ?? video.updated_at,
    more: null,
  };
  if (!processing) return [end];
  const start = {
    what: t.processingStarted,
    when: processing.started_at,
    more: attemptsSoFar(video),
  };
  const {wall_ms, bytes_read, requests} = processing;
  return [start, {...end, more: t.cost(wall_ms, bytes_read, requests)}];
}

const attemptsSoFar = ({attempts}: Video) => (attempts > 1 ? t.attempt(attempts) : null);

function webhookSteps({webhook}: Video): Step[] {
  if (!webhook) return [];
  const answer = webhook.last_status ? t.receiverAnswered(webhook.last_status) : null;
  if (webhook.delivered_at)
    return [{what: t.webhookDelivered, when: webhook.delivered_at, more: answer}];
  if (webhook.due_at) return [{what: t.webhookScheduled, when: webhook.due_at, more: answer}];
  return [{what: t.webhookGivenUp, when: null, more: answer ?? t.receiverSilent}];
}
