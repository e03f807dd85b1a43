import type {RefObject} from "preact";
import {NEWEST_FIRST, type Query, type View} from "../address";
import type {Video} from "../api";
import {t} from "../strings";
import {Card, type ItemProps, Row} from "./card";
import {useMinute} from "./minute";
import {useSliding} from "./slide";
import {useWindow} from "./window";

/** How many places are shown until the first cards have come. */
const COMING = 12;

interface ListProps extends Pick<ItemProps, "onOpen" | "onPick" | "onRetry"> {
  videos: readonly Video[];
  /** Whether the list goes on beyond them. */
  areMore: boolean;
  query: Query;
  view: View;
  picked: ReadonlySet<string>;
  isBusy: boolean;
  onNearEnd(): void;
  onSort(sort: string): void;
  onPickAll(): void;
  onPickNone(): void;
}

/** The videos as cards or as a table. Only those near the screen are drawn. Draw one for each view. */
export function List(props: ListProps) {
  const {videos, view, picked, isBusy, onNearEnd, onOpen, onPick, onRetry} = props;
  const {list, drawn} = useWindow(videos.length, onNearEnd);
  const minute = useMinute();
  useSliding(list, videos);
  const Item = view === "table" ? Row : Card;
  const items = videos
    .slice(drawn.first, drawn.end)
    .map((video, at) => (
      <Item
        key={video.id}
        video={video}
        at={drawn.first + at}
        of={videos.length}
        picked={picked.has(video.id)}
        minute={minute}
        onOpen={onOpen}
        onPick={onPick}
        onRetry={onRetry}
      />
    ));
  const shared = {
    "aria-labelledby": "library-title",
    "aria-busy": isBusy,
    "data-picking": picked.size > 0,
  };
  if (view === "grid")
    return (
      <ul
        ref={list as RefObject<HTMLUListElement>}
        class="cards"
        style={{paddingTop: `${drawn.before}px`, paddingBottom: `${drawn.after}px`}}
        {...shared}
      >
        {isBusy && items.length === 0
          ? Array.from({length: COMING}, (_, at) => <li key={at} class="coming" />)
          : items}
      </ul>
    );
  return (
    <div class="table-box">
      <table class="table" aria-rowcount={videos.length + 1} {...shared}>
        <Titles {...props} />
        <tbody ref={list as RefObject<HTMLTableSectionElement>}>
          <Space height={drawn.before} />
          {items}
          <Space height={drawn.after} />
        </tbody>
      </table>
    </div>
  );
}

function Titles(props: ListProps) {
  const {query, onSort, onPick} = props;
  const {name, status, length, resolution, size, created} = t.columns;
  const sort = query.search ? "name" : query.sort;
  const isByTime = sort !== "name";
  const title = (text: string, order: "ascending" | "descending" | null, next: string) => (
    <th scope="col" aria-sort={order ?? undefined}>
      <button type="button" disabled={Boolean(query.search)} onClick={() => onSort(next)}>
        {text}
      </button>
    </th>
  );
  return (
    <thead>
      <tr>
        {onPick && (
          <td>
            <PickAll {...props} />
          </td>
        )}
        {title(name, isByTime ? null : "ascending", "name")}
        <th scope="col" class="extra">
          {status}
        </th>
        <th scope="col" class="extra amount">
          {length}
        </th>
        <th scope="col" class="frame">
          {resolution}
        </th>
        <th scope="col" class="extra amount">
          {size}
        </th>
        {title(
          created,
          isByTime ? (sort === NEWEST_FIRST ? "descending" : "ascending") : null,
          sort === NEWEST_FIRST ? "oldest" : NEWEST_FIRST,
        )}
      </tr>
    </thead>
  );
}

/** Marks all videos of the table, or none. */
function PickAll({videos, areMore, picked, onPickAll, onPickNone}: ListProps) {
  const isAll = videos.length > 0 && picked.size >= videos.length;
  return (
    <label class="pick">
      <input
        type="checkbox"
        checked={isAll}
        indeterminate={picked.size > 0 && !isAll}
        aria-label={t.selectAll(videos.length, areMore)}
        onClick={isAll ? onPickNone : onPickAll}
      />
    </label>
  );
}

const Space = ({height}: {height: number}) =>
  height > 0 ? <tr style={{height: `${height}px`}} /> : null;
