/** The name and the sign; the sign is the page's own icon. */

export function Logo() {
  return (
    <span className="achene-logo">
      <img src={document.querySelector("link[rel=icon]").href} alt="" width="24" height="24" />
      Achene
    </span>
  );
}
