"""The pictures of a run, each in one place: the source's, for every framework side by side, and what belongs to them.

`pictures(folder)` says what there is and what is missing; a picture is drawn when it is saved. Everything is read from
the files that a run left behind, so no framework is needed.
"""

from aebench.report.gallery.listing import chosen, drawable, pictures
from aebench.report.gallery.picture import Missing, Picture
from aebench.report.gallery.printed import print_pictures

__all__ = ["Missing", "Picture", "chosen", "drawable", "pictures", "print_pictures"]
