import type {ComponentChildren} from "preact";
import {useEdges} from "./edges";

interface SegmentsProps<Value extends string> {
  /** Name of the radio buttons, and class of the group. */
  name: string;
  /** What is chosen here, for screen readers. */
  legend: string;
  choices: readonly Value[];
  chosen: Value;
  onChoose(value: Value): void;
  /** Return what stands for a choice. */
  children(value: Value): ComponentChildren;
  /** Return the name of a choice that is shown by an icon alone. */
  label?(value: Value): string;
}

/** A choice of one among few, all of them visible. */
export function Segments<Value extends string>(props: SegmentsProps<Value>) {
  const {name, legend, choices, chosen, onChoose, children, label} = props;
  const box = useEdges<HTMLFieldSetElement>(chosen);
  return (
    <fieldset ref={box} class={`segments ${name}`}>
      <legend class="hidden">{legend}</legend>
      {choices.map((one) => (
        <label key={one} title={label?.(one)}>
          <input
            type="radio"
            name={name}
            checked={one === chosen}
            aria-label={label?.(one)}
            onChange={() => onChoose(one)}
          />
          <span>{children(one)}</span>
        </label>
      ))}
    </fieldset>
  );
}
