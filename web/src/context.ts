/** What all views of the page share. */
import {createContext} from "preact";
import {Api} from "./api";

export const ApiContext = createContext(new Api({endpoint: ""}));
