import "./clipo-grid.js";
import "./clipo-player.js";
import "./clipo-upload.js";
