"""Rendered street scenes with exact boxes, wrong labels whose truth is kept, and a detector's view.

What it is not: a renderer for anything else, or a source of training pictures. It gives the app
something to show, and the tests something whose right answer is known.

Start reading in `render.py` (one scene, from its number to a picture and its objects); `dataset.py`
writes a whole dataset. Everything follows from (seed, number of the scene): the same pair gives the
same picture, objects, labels and predictions, on any number of processes.

World: x to the right, y up, z away from the camera, in metres; the road's surface is y = 0.
Pictures: x to the right, y down, in pixels, origin at the top left corner.
"""
