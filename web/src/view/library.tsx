import {useContext, useEffect} from "preact/hooks";
import {STATUSES, type Status} from "../api";
import {isolate} from "../format";
import type {Library} from "../library";
import {RightsContext} from "../rights";
import {useStore} from "../store";
import type {Uploads} from "../upload";
import {Card} from "./card";
import {Details} from "./details";
import {useSliding} from "./slide";

interface LibraryProps {
  library: Library;
  /** Undefined if the caller may not upload. */
  uploads: Uploads | undefined;
}

export function LibraryView({library, uploads}: LibraryProps) {
  const {list} = useContext(RightsContext);
  const {videos, filter, cursor, loaded, trouble, selected, missing} = useStore(library);
  useEffect(() => {
    document.title = selected ? `${isolate(selected.filename)} · Clipo` : "Clipo";
  }, [selected?.filename]);
  const cards = useSliding<HTMLUListElement>(videos.map(({id}) => id).join());
  return (
    <>
      <div class="library-head">
        <h2 id="library-title">Videos</h2>
        {list && <Filters filter={filter} onChoose={(status) => library.show(status)} />}
      </div>
      {!list && (
        <p class="quiet">
          You may not list videos: that needs the scope <code>read</code>. The page shows what you
          upload until you reload it.
        </p>
      )}
      <p class="trouble" role="status" hidden={!trouble}>
        {trouble} <span>The page keeps trying.</span>
      </p>
      {loaded && videos.length === 0 ? (
        <p class="empty">{EMPTY[filter ?? "all"]}</p>
      ) : (
        <ul ref={cards} class="cards" aria-labelledby="library-title" aria-busy={!loaded}>
          {videos.map((video) => (
            <Card key={video.id} video={video} progress={uploads?.progressOf(video.id)} />
          ))}
        </ul>
      )}
      {cursor && (
        <button type="button" class="more" onClick={() => library.loadMore()}>
          Show more
        </button>
      )}
      {(selected || missing) && (
        <Details
          key={selected?.id ?? missing}
          video={selected}
          missing={missing}
          progress={selected ? uploads?.progressOf(selected.id) : undefined}
          onChanged={(video) => library.put(video)}
          onDeleted={(id) => {
            uploads?.forget(id);
            library.remove(id);
          }}
        />
      )}
    </>
  );
}

const CHOICES: readonly (Status | null)[] = [null, ...STATUSES];

function Filters(props: {filter: Status | null; onChoose(status: Status | null): void}) {
  return (
    <fieldset class="filters">
      <legend class="hidden">Show videos that are</legend>
      {CHOICES.map((status) => (
        <label key={status ?? "all"}>
          <input
            type="radio"
            name="filter"
            checked={props.filter === status}
            onChange={() => props.onChoose(status)}
          />
          <span>{status ?? "all"}</span>
        </label>
      ))}
    </fieldset>
  );
}

const EMPTY: Record<Status | "all", string> = {
  all: "No videos yet. Drop one above, and it appears here.",
  pending: "No video is waiting for its upload.",
  processing: "Nothing is being processed.",
  done: "No video is done yet.",
  failed: "No video has failed.",
};
