// Pictures on the CPU against diffusers.
import { checkPictures } from "./check-pictures.ts";

await checkPictures("cpu");
