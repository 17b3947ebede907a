/** Name of the extension: its plugins' ids begin with it. */
export const ID = '@mars-nb/labextension';
/** Names the texts of the extension for translators. */
export const DOMAIN = 'mars_nb';
/** Plugin that bears the settings. */
export const SETTINGS = `${ID}:plugin`;

/* Commands. */
export const OPEN = 'mars_nb:open';
export const CLOSE = 'mars_nb:close';
export const NEW_SESSION = 'mars_nb:new-session';
export const MAKE_DEFAULT = 'mars_nb:make-default';
export const CANCEL = 'mars_nb:cancel';
export const LOAD_EXTENSION = 'mars_nb:load-extension';
