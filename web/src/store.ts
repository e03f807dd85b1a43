/** A state that views show, and render again when it changes. */
import {useEffect, useState} from "preact/hooks";

export class Store<State extends object> {
  private readonly listeners = new Set<() => void>();

  constructor(protected state: State) {}

  get current(): State {
    return this.state;
  }

  /** Call a function after each change. Return the function that ends this. */
  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  protected set(change: Partial<State>): void {
    this.state = {...this.state, ...change};
    for (const listener of this.listeners) listener();
  }
}

export function useStore<State extends object>(store: Store<State>): State {
  const [state, setState] = useState(store.current);
  useEffect(() => {
    setState(store.current);
    return store.subscribe(() => setState(store.current));
  }, [store]);
  return state;
}
