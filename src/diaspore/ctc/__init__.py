"""What an assay sees of circulating tumour cells: draws, capture, images, profiles, and what counts mean."""
