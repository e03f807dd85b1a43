import {applyTheme, preferred} from "./preferences";

applyTheme(preferred("theme"));
