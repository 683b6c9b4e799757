"""All that imports TensorFlow, Keras or scikeras."""
