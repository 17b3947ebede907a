import { LabIcon } from '@jupyterlab/ui-components';

/** A planet with a spot and a shadow, in the colours of the theme. */
export const marsIcon = new LabIcon({
  name: 'mars-nb:mars',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 24 24">
  <g class="jp-icon3" fill="#616161">
    <path d="M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18zm0 2a7 7 0 0 1 6.6 4.7c-1.5-.3-2.6.9-4.1.7c-1.800-.2-2.300-2-4.200-1.900c-1.600.1-2.300 1.500-4 1.500c-.3 0-.6 0-.9-.1A7 7 0 0 1 12 5zm-6.900 7.700c2.700.5 3.400-1.400 5.400-1.400c1.500 0 2.100 1.700 4.100 1.800c1.700.1 2.600-1.100 4.300-.7A7 7 0 0 1 5.100 12.700z"/>
  </g>
</svg>`
});
