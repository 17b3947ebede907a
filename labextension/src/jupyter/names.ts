/** Name of the extension: its plugins' ids begin with it. */
export const ID = '@mars-nb/labextension';
/** Names the texts of the extension for translators. */
export const DOMAIN = 'mars_nb';
/** Plugin that bears the settings. */
export const SETTINGS = `${ID}:plugin`;
