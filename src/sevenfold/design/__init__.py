"""The hall that ties the seven answers together.

`design` is what a design file declares and `load` finds it. `home` names the places of its state, `workspace`
is the design at work there, `run` the main job from end to end, `scoring` scores many events, `tables` reads
whole files, and `steps` keeps a long job from doing anything twice.
"""
