import {defineConfig} from "@hey-api/openapi-ts";

export default defineConfig({
  input: "openapi.json",
  output: {path: "src/api", importFileExtension: ".js"},
  plugins: [
    {name: "@hey-api/client-fetch", throwOnError: true},
    "@hey-api/typescript",
    "@hey-api/sdk",
  ],
});
