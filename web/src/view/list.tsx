import {useEffect, useState} from "preact/hooks";
import type {View} from "../address";
import type {Video} from "../api";
import {t} from "../strings";
import {Card, type ItemProps, Row} from "./card";
import {useSliding} from "./slide";
import {useWindow} from "./window";

interface ListProps extends Pick<ItemProps, "onOpen" | "onPick"> {
  videos: readonly Video[];
  view: View;
  picked: ReadonlySet<string>;
  isBusy: boolean;
  onNearEnd(): void;
}

/** The videos as cards or as a table. Only those near the screen are drawn. */
export function List(props: ListProps) {
  return props.view === "table" ? <Table {...props} /> : <Grid {...props} />;
}

function Grid({videos, picked, isBusy, onNearEnd, onOpen, onPick}: ListProps) {
  const {list, drawn} = useWindow<HTMLUListElement>(videos.length, onNearEnd);
  const minute = useMinute();
  useSliding(list, videos);
  return (
    <ul
      ref={list}
      class="cards"
      aria-labelledby="library-title"
      aria-busy={isBusy}
      data-picking={picked.size > 0}
      style={{paddingTop: `${drawn.before}px`, paddingBottom: `${drawn.after}px`}}
    >
      {videos.slice(drawn.first, drawn.end).map((video, at) => (
        <Card
          key={video.id}
          video={video}
          at={drawn.first + at}
          of={videos.length}
          picked={picked.has(video.id)}
          minute={minute}
          onOpen={onOpen}
          onPick={onPick}
        />
      ))}
    </ul>
  );
}

function Table({videos, picked, isBusy, onNearEnd, onOpen, onPick}: ListProps) {
  const {list, drawn} = useWindow<HTMLTableSectionElement>(videos.length, onNearEnd);
  const minute = useMinute();
  const {name, status, length, picture, size, created} = t.columns;
  return (
    <div class="table-box">
      <table
        class="table"
        aria-labelledby="library-title"
        aria-busy={isBusy}
        aria-rowcount={videos.length + 1}
        data-picking={picked.size > 0}
      >
        <thead>
          <tr>
            {onPick && <td />}
            {[name, status, length, picture, size, created].map((title, at) => (
              <th key={title} scope="col" class={at > 1 ? "number" : undefined}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody ref={list}>
          <Space height={drawn.before} />
          {videos.slice(drawn.first, drawn.end).map((video, at) => (
            <Row
              key={video.id}
              video={video}
              at={drawn.first + at}
              of={videos.length}
              picked={picked.has(video.id)}
              minute={minute}
              onOpen={onOpen}
              onPick={onPick}
            />
          ))}
          <Space height={drawn.after} />
        </tbody>
      </table>
    </div>
  );
}

const Space = ({height}: {height: number}) =>
  height > 0 ? <tr style={{height: `${height}px`}} /> : null;

/** Return the time, and draw again each minute. */
function useMinute(): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 60_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
