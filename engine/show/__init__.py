"""Where the two halves meet: the processes of a show, and the one process that renders it.

One frame:

    signals  = bus.read()                   # newest levels, events since the last frame
    controls = routes.step(signals, dt_s)   # <- the doorway
    target   = steer(home, controls)
    latent   = motion.step(target, dt_s)
    image    = generator.draw(latent)
    stage.present(image, controls)          # keys pressed there go back to the bus

`desk` is the first two lines (its process: `signals`), `picture` the next three (the generator process), `wall` the
last (the stage, which is also the parent). `stepped` runs all of them in one process under a stepped clock.
"""
