"""A vocabulary: directions that people describe, and from their words a direction for each word.

After Schwettmann, Hernandez, Bau, Klein, Andreas, Torralba, Toward a Visual Concept Vocabulary for GAN Latent Space,
ICCV 2021. `selective` finds directions worth a word, `sheet` shows them to people, `answers` reads what
they wrote, `words` and `agreement` make words of it, `regress` directions of the words.
"""
