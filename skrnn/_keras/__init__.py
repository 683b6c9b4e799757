"""Training with Keras: the only folder that imports TensorFlow, Keras or scikeras."""
