import { render } from "preact";
import { App } from "./App";
import { showTheme, storedTheme } from "./shell/theme";
import "uplot/dist/uPlot.min.css";
import "./style/base.css";
import "./style/parts.css";
import "./style/layout.css";

showTheme(storedTheme());

const place = document.getElementById("dashboard");
if (place === null) throw new Error("The page has no place for the dashboard.");
place.replaceChildren();
render(<App />, place);
